"""The database: tables, migrations, queries. Nothing else writes SQL; the server sees only `Store`."""
