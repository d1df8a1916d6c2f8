"""What Histórico and Análises read: one narrow row an interaction, and an index of the words of its transcript.

Both are kept by triggers, so that whatever writes or erases a transcript, here or in another process, writes and erases
them. In SQLite the words lie in an FTS5 table, in PostgreSQL in a `tsvector` under a GIN index; accents do not count.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PARTIAL = {"action": "action <> 'silencio'", "outcome": "outcome IS NOT NULL", "state": "state <> 'ok'"}

_SQLITE_DOC = """COALESCE(
    (SELECT max(doc) + 1 FROM history WHERE doc >= {base} AND doc < {base} + 1024), {base})"""
_SQLITE_BASE = (
    "((CAST(strftime('%s', substr({at}, 1, 19)) AS INTEGER) * 1000000 + CAST(substr({at}, 21, 6) AS INTEGER)) * 1024)"
)
_SQLITE_MS = "CAST(round({seconds} * 1000) AS INTEGER)"
_SQLITE_DELAY = _SQLITE_MS.format(
    seconds="(julianday({t}.transcribed_at) - julianday(COALESCE(s.speech_ended_at, s.cut_at))) * 86400"
)
_SQLITE = (
    """CREATE VIEW history_texts AS
       SELECT history.doc AS doc, transcripts.text AS words
       FROM history JOIN transcripts ON transcripts.segment_id = history.segment_id""",
    """CREATE VIRTUAL TABLE history_words USING fts5(
       words, content='history_texts', content_rowid='doc', columnsize=0, tokenize='unicode61 remove_diacritics 2')""",
    f"""CREATE TRIGGER history_begun AFTER INSERT ON transcripts BEGIN
       INSERT INTO history (doc, segment_id, client_id, counter_id, state, provider, spoken_ms, latency_ms, delay_ms,
                            cost_brl)
       SELECT {_SQLITE_DOC.format(base=_SQLITE_BASE.format(at="NEW.said_at"))}, NEW.segment_id, c.client_id,
              s.counter_id, NEW.state, NEW.provider, (s.end_sample - s.start_sample) / 16,
              {_SQLITE_MS.format(seconds="NEW.latency_s")}, {_SQLITE_DELAY.format(t="NEW")},
              NEW.cost_brl + NEW.lost_brl
       FROM segments s JOIN counters c ON c.id = s.counter_id WHERE s.id = NEW.segment_id AND NOT c.trial;
       INSERT INTO history_words (rowid, words)
       SELECT doc, NEW.text FROM history WHERE segment_id = NEW.segment_id AND NEW.text <> '';
       END""",
    f"""CREATE TRIGGER history_transcribed
       AFTER UPDATE OF state, text, provider, latency_s, cost_brl, lost_brl, transcribed_at ON transcripts BEGIN
       UPDATE history SET state = NEW.state, provider = NEW.provider, cost_brl = NEW.cost_brl + NEW.lost_brl,
              latency_ms = {_SQLITE_MS.format(seconds="NEW.latency_s")},
              delay_ms = (SELECT {_SQLITE_DELAY.format(t="NEW")} FROM segments s WHERE s.id = NEW.segment_id)
       WHERE segment_id = NEW.segment_id;
       INSERT INTO history_words (history_words, rowid, words)
       SELECT 'delete', doc, OLD.text FROM history
       WHERE segment_id = NEW.segment_id AND OLD.text <> '' AND OLD.text <> NEW.text;
       INSERT INTO history_words (rowid, words)
       SELECT doc, NEW.text FROM history
       WHERE segment_id = NEW.segment_id AND NEW.text <> '' AND OLD.text <> NEW.text;
       END""",
    """CREATE TRIGGER history_erased BEFORE DELETE ON transcripts BEGIN
       INSERT INTO history_words (history_words, rowid, words)
       SELECT 'delete', doc, OLD.text FROM history WHERE segment_id = OLD.segment_id AND OLD.text <> '';
       DELETE FROM history WHERE segment_id = OLD.segment_id;
       END""",
    """CREATE TRIGGER history_decided AFTER INSERT ON suggestions BEGIN
       UPDATE history SET action = NEW.action WHERE segment_id = NEW.segment_id;
       END""",
    """CREATE TRIGGER history_answered AFTER INSERT ON feedback BEGIN
       UPDATE history SET outcome = NEW.outcome WHERE segment_id = NEW.segment_id;
       END""",
)
_SQLITE_FILL = (
    f"""INSERT INTO history (doc, segment_id, client_id, counter_id, state, provider, action, outcome, spoken_ms,
                            latency_ms, delay_ms, cost_brl)
       SELECT {_SQLITE_BASE.format(at="t.said_at")} - 1
                + row_number() OVER (PARTITION BY t.said_at ORDER BY t.segment_id),
              t.segment_id, c.client_id, s.counter_id, t.state, t.provider, g.action,
              (SELECT outcome FROM feedback f WHERE f.segment_id = t.segment_id ORDER BY f.id DESC LIMIT 1),
              (s.end_sample - s.start_sample) / 16, {_SQLITE_MS.format(seconds="t.latency_s")},
              {_SQLITE_DELAY.format(t="t")}, t.cost_brl + t.lost_brl
       FROM transcripts t JOIN segments s ON s.id = t.segment_id JOIN counters c ON c.id = s.counter_id
       LEFT JOIN suggestions g ON g.segment_id = t.segment_id
       WHERE NOT c.trial ORDER BY t.said_at""",
    "INSERT INTO history_words (rowid, words) SELECT doc, words FROM history_texts WHERE words <> '' ORDER BY doc",
)

_ACCENTED = "áàâãäåéèêëíìîïóòôõöúùûüçñýÿ"
_PLAIN = "aaaaaaeeeeiiiiooooouuuucnyy"
_POSTGRES_BASE = "((extract(epoch FROM {at}) * 1000000)::bigint * 1024)"
_POSTGRES_MS = "round(({seconds})::numeric * 1000)::integer"
_POSTGRES_DELAY = _POSTGRES_MS.format(
    seconds="extract(epoch FROM {t}.transcribed_at - COALESCE(s.speech_ended_at, s.cut_at))"
)
_POSTGRES = (
    """CREATE TABLE history_words (
       doc bigint PRIMARY KEY REFERENCES history (doc) ON DELETE CASCADE, words tsvector NOT NULL)""",
    "CREATE INDEX ix_history_words_words ON history_words USING gin (words)",
    f"""CREATE FUNCTION history_vector(said text) RETURNS tsvector IMMUTABLE LANGUAGE sql AS $$
       SELECT to_tsvector('simple', translate(lower(said), '{_ACCENTED}', '{_PLAIN}')) $$""",
    f"""CREATE FUNCTION history_begin() RETURNS trigger LANGUAGE plpgsql AS $$
       DECLARE base bigint := {_POSTGRES_BASE.format(at="NEW.said_at")};
       BEGIN
       INSERT INTO history (doc, segment_id, client_id, counter_id, state, provider, spoken_ms, latency_ms, delay_ms,
                            cost_brl)
       SELECT COALESCE((SELECT max(doc) + 1 FROM history WHERE doc >= base AND doc < base + 1024), base),
              NEW.segment_id, c.client_id, s.counter_id, NEW.state, NEW.provider, (s.end_sample - s.start_sample) / 16,
              {_POSTGRES_MS.format(seconds="NEW.latency_s")}, {_POSTGRES_DELAY.format(t="NEW")},
              NEW.cost_brl + NEW.lost_brl
       FROM segments s JOIN counters c ON c.id = s.counter_id WHERE s.id = NEW.segment_id AND NOT c.trial;
       INSERT INTO history_words (doc, words)
       SELECT doc, history_vector(NEW.text) FROM history WHERE segment_id = NEW.segment_id AND NEW.text <> '';
       RETURN NULL; END $$""",
    f"""CREATE FUNCTION history_transcribe() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       UPDATE history SET state = NEW.state, provider = NEW.provider, cost_brl = NEW.cost_brl + NEW.lost_brl,
              latency_ms = {_POSTGRES_MS.format(seconds="NEW.latency_s")},
              delay_ms = (SELECT {_POSTGRES_DELAY.format(t="NEW")} FROM segments s WHERE s.id = NEW.segment_id)
       WHERE segment_id = NEW.segment_id;
       IF OLD.text <> NEW.text THEN
           DELETE FROM history_words USING history
           WHERE history.doc = history_words.doc AND history.segment_id = NEW.segment_id;
           INSERT INTO history_words (doc, words)
           SELECT doc, history_vector(NEW.text) FROM history WHERE segment_id = NEW.segment_id AND NEW.text <> '';
       END IF;
       RETURN NULL; END $$""",
    """CREATE FUNCTION history_erase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       DELETE FROM history WHERE segment_id = OLD.segment_id;
       RETURN OLD; END $$""",
    """CREATE FUNCTION history_decide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       UPDATE history SET action = NEW.action WHERE segment_id = NEW.segment_id;
       RETURN NULL; END $$""",
    """CREATE FUNCTION history_answer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       UPDATE history SET outcome = NEW.outcome WHERE segment_id = NEW.segment_id;
       RETURN NULL; END $$""",
    """CREATE TRIGGER history_begun AFTER INSERT ON transcripts FOR EACH ROW EXECUTE FUNCTION history_begin()""",
    """CREATE TRIGGER history_transcribed
       AFTER UPDATE OF state, text, provider, latency_s, cost_brl, lost_brl, transcribed_at ON transcripts
       FOR EACH ROW EXECUTE FUNCTION history_transcribe()""",
    """CREATE TRIGGER history_erased BEFORE DELETE ON transcripts FOR EACH ROW EXECUTE FUNCTION history_erase()""",
    """CREATE TRIGGER history_decided AFTER INSERT ON suggestions FOR EACH ROW EXECUTE FUNCTION history_decide()""",
    """CREATE TRIGGER history_answered AFTER INSERT ON feedback FOR EACH ROW EXECUTE FUNCTION history_answer()""",
)
_POSTGRES_FILL = (
    f"""INSERT INTO history (doc, segment_id, client_id, counter_id, state, provider, action, outcome, spoken_ms,
                            latency_ms, delay_ms, cost_brl)
       SELECT {_POSTGRES_BASE.format(at="t.said_at")} - 1
                + row_number() OVER (PARTITION BY t.said_at ORDER BY t.segment_id),
              t.segment_id, c.client_id, s.counter_id, t.state, t.provider, g.action,
              (SELECT outcome FROM feedback f WHERE f.segment_id = t.segment_id ORDER BY f.id DESC LIMIT 1),
              (s.end_sample - s.start_sample) / 16, {_POSTGRES_MS.format(seconds="t.latency_s")},
              {_POSTGRES_DELAY.format(t="t")}, t.cost_brl + t.lost_brl
       FROM transcripts t JOIN segments s ON s.id = t.segment_id JOIN counters c ON c.id = s.counter_id
       LEFT JOIN suggestions g ON g.segment_id = t.segment_id
       WHERE NOT c.trial""",
    """INSERT INTO history_words (doc, words)
       SELECT history.doc, history_vector(t.text) FROM history JOIN transcripts t ON t.segment_id = history.segment_id
       WHERE t.text <> ''""",
)


def upgrade() -> None:
    """Create them, and fill them with what is there."""
    op.create_table(
        "history",
        sa.Column("doc", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=36), nullable=False),
        sa.Column("counter_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=True),
        sa.Column("action", sa.String(length=20), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.Column("spoken_ms", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("delay_ms", sa.Integer(), nullable=True),
        sa.Column("cost_brl", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("doc", name=op.f("pk_history")),
    )
    op.create_index("ix_suggestions_action_suggested_at", "suggestions", ["action", "suggested_at"], unique=False)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (_SQLITE if sqlite else _POSTGRES)[: 2 if sqlite else 3]:
        op.execute(sa.text(statement.replace(":", r"\:")))
    for statement in _SQLITE_FILL if sqlite else _POSTGRES_FILL:
        op.execute(sa.text(statement.replace(":", r"\:")))
    op.create_index("ix_history_segment_id", "history", ["segment_id"], unique=True)
    for column in ("client_id", "counter_id", "provider"):
        op.create_index(f"ix_history_{column}_doc", "history", [column, "doc"], unique=False)
    for column, condition in _PARTIAL.items():
        only = sa.text(condition)
        op.create_index(
            f"ix_history_{column}_doc", "history", [column, "doc"], sqlite_where=only, postgresql_where=only
        )
    for statement in (_SQLITE if sqlite else _POSTGRES)[2 if sqlite else 3 :]:
        op.execute(sa.text(statement.replace(":", r"\:")))
