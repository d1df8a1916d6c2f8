"""Where cuts fall, told in scores alone."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.pipeline import PipelineConfig
from balto_cli.pipeline.segmenter import Segmenter

HOP = 320
CONFIG = PipelineConfig(max_length_s=4.0, cut_search_s=2.0)


def cuts_of(scores, powers=None, config=CONFIG, hop=HOP, total=None):
    powers = powers or [1.0] * len(scores)
    segmenter = Segmenter(config, hop, lambda start, hops: powers[start // hop : start // hop + hops])
    cuts = [segmenter.push(score) for score in scores]
    cuts.append(segmenter.finish(len(scores) * hop if total is None else total))
    return [cut for cut in cuts if cut is not None]


def script(*parts):
    """(seconds, score) parts as hops of 20 ms."""
    return [score for seconds, score in parts for _ in range(round(seconds * 50))]


def test_a_phrase_gets_its_pre_roll_and_post_roll():
    (cut,) = cuts_of(script((1, 0), (1, 1), (1, 0)))
    assert (cut.start, cut.end, cut.kind) == (16_000 - 4000, 32_000 + 2240, "pausa")
    assert (cut.speech_start, cut.speech_end, cut.continued) == (16_000, 32_000, False)


def test_pre_roll_never_reaches_into_the_segment_before():
    config = PipelineConfig(close_after_ms=200, post_roll_ms=200, pre_roll_ms=1000)
    first, second = cuts_of(script((1, 0), (1, 1), (0.3, 0), (1, 1), (1, 0)), config=config)
    assert first.end == second.start


def test_a_short_dip_does_not_close_and_weak_speech_keeps_it_open():
    (cut,) = cuts_of(script((1, 0), (0.5, 1), (0.3, 0), (0.5, 0.4), (0.3, 0), (0.5, 1), (1, 0)))
    assert cut.kind == "pausa"


def test_weak_speech_alone_opens_nothing():
    assert cuts_of(script((1, 0), (2, 0.7), (1, 0))) == []


def test_a_weak_beginning_belongs_to_the_speech_that_follows_it():
    (cut,) = cuts_of(script((1, 0), (0.2, 0.6), (1, 1), (1, 0)))
    assert (cut.start, cut.speech_start) == (16_000 - 4000, 16_000)
    (cut,) = cuts_of(script((1, 0), (0.2, 0.45), (1, 1), (1, 0)))
    assert cut.speech_start == 16_000 + 3200


def test_a_murmur_that_gets_sure_late_holds_a_second_at_most():
    (cut,) = cuts_of(script((1, 0), (9, 0.6), (1, 1), (1, 0)))
    assert 9.0 < cut.start / 16_000 < 9.5


def test_a_segment_never_ends_after_what_was_heard():
    config = PipelineConfig(close_after_ms=320, post_roll_ms=320)
    segmenter = Segmenter(config, 512, lambda start, hops: [1.0] * hops)
    for hop in range(60):
        cut = segmenter.push(float(5 <= hop < 14))
        assert cut is None or cut.end <= (hop + 1) * 512


def test_a_renewed_segmenter_reaches_back_by_the_pre_roll_at_most():
    for late_hops in (0, 5):
        segmenter = Segmenter(CONFIG, HOP, lambda start, hops: [1.0] * hops)
        for score in script((2, 0)):
            segmenter.push(score)
        segmenter.renew(100 * HOP + late_hops * HOP)
        assert segmenter.idle
        assert segmenter.needed_from >= (100 + late_hops) * HOP - 4000


def test_a_click_opens_nothing_and_a_short_sim_does():
    assert cuts_of(script((1, 0), (0.06, 1), (1, 0))) == []
    assert len(cuts_of(script((1, 0), (0.2, 1), (1, 0)))) == 1


def test_the_last_phrase_is_returned_with_the_true_end_of_the_audio():
    (cut,) = cuts_of(script((1, 0), (1, 1)), total=31_997)
    assert (cut.end, cut.kind) == (31_997, "fim")


def test_endless_speech_is_cut_without_a_gap_and_without_a_repeat():
    cuts = cuts_of(script((0.5, 0), (15, 1)))
    assert [cut.kind for cut in cuts] == ["limite"] * (len(cuts) - 1) + ["fim"]
    assert all(before.end == after.start for before, after in pairwise(cuts))
    assert (cuts[0].start, cuts[-1].end) == (8000 - 4000, round(15.5 * 16_000))


def test_a_forced_cut_falls_at_the_quietest_point_of_the_last_seconds():
    scores = script((0.5, 0), (5, 1))
    powers = [1.0] * len(scores)
    powers[50:53] = [0.0] * 3  # at 1 s: quieter still, but too far back
    powers[160:163] = [0.01] * 3  # at 3.2 s
    first = cuts_of(scores, powers)[0]
    assert 160 * HOP <= first.end <= 163 * HOP


def test_a_lone_quiet_hop_does_not_draw_the_cut():
    scores = script((0.5, 0), (5, 1))
    powers = [1.0] * len(scores)
    powers[140] = 0.2
    powers[170:173] = [0.3] * 3
    assert 170 * HOP <= cuts_of(scores, powers)[0].end <= 173 * HOP


def test_the_rest_of_a_sentence_after_a_forced_cut_is_kept_however_short():
    scores = script((0.5, 0), (3.7, 1), (1, 0))
    powers = [1.0] * len(scores)
    at = scores.index(1) + 182
    powers[at - 1 : at + 2] = [0.0] * 3  # 60 ms of speech are left after it
    before, rest = cuts_of(scores, powers)
    assert (before.kind, rest.kind) == ("limite", "pausa")
    assert before.end == rest.start


def test_a_pause_after_a_forced_cut_is_no_segment():
    (cut,) = cuts_of(script((0.5, 0), (3.5, 1), (2, 0)), [1.0] * 200 + [0.0] * 100)
    assert cut.kind == "limite"


hops_of_any_kind = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from([0.0, 0.2, 0.5, 0.85, 1.0])), min_size=1, max_size=40
)


@given(runs=hops_of_any_kind, hop=st.sampled_from([160, 320, 512]), seed=st.randoms(use_true_random=False))
def test_cuts_tile_lie_on_the_grid_and_hold_all_sure_speech(runs, hop, seed):
    scores = [score for count, score in runs for _ in range(count)]
    powers = [seed.random() for _ in scores]
    total = len(scores) * hop - 7
    cuts = cuts_of(scores, powers, hop=hop, total=total)
    limit = round(CONFIG.max_length_s * 16_000) + hop
    position = 0
    for cut in cuts:
        assert position <= cut.start < cut.end <= max(total, len(scores) * hop)
        assert cut.start % 160 == 0
        assert cut.end % 160 == 0 or cut.end == total
        assert cut.end - cut.start <= limit
        position = cut.end
    position = 0
    for count, score in runs:
        start, end = position * hop, min((position + count) * hop, total)
        position += count
        if score >= CONFIG.open_threshold and count * hop >= 2400 and end - start > 0:
            covered = sum(max(0, min(end, cut.end) - max(start, cut.start)) for cut in cuts)
            assert covered == end - start
