"""Bad settings are refused with the field and the range; good ones go into manifests."""

from __future__ import annotations

import json
import math
from dataclasses import fields

import pytest

from balto_cli.errors import UsageError
from balto_cli.pipeline import PipelineConfig
from balto_cli.pipeline.config import MEANINGS
from testes.unit.pipeline.sounds import every_profile

FIELDS = [field.name for field in fields(PipelineConfig)]
CHOICES = ["detector", "reduction_engine"]
NUMBERS = [name for name in FIELDS if name not in CHOICES]


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", [-1, 1e9, math.nan, math.inf, True, "0.5", None])
def test_a_bad_number_is_refused_by_the_name_of_its_field(field, value):
    with pytest.raises(UsageError, match=f"`{field}` deve ser um número de .+ a .+"):
        PipelineConfig(**{field: value})


@pytest.mark.parametrize("field", CHOICES)
@pytest.mark.parametrize("value", ["", "outro", None, 1, ["leve"]])
def test_a_bad_choice_is_refused_with_the_good_ones(field, value):
    with pytest.raises(UsageError, match=f"`{field}` deve ser um de .+, e não"):
        PipelineConfig(**{field: value})


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"open_threshold": 0.4, "start_threshold": 0.3, "keep_threshold": 0.5}, "keep_threshold"),
        ({"open_threshold": 0.6, "start_threshold": 0.7}, "start_threshold"),
        ({"close_after_ms": 300, "post_roll_ms": 400}, "post_roll_ms"),
        ({"max_length_s": 4.0, "cut_search_s": 3.0}, "cut_search_s"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, field):
    with pytest.raises(UsageError, match=f"`{field}`"):
        PipelineConfig(**settings)


def test_messages_use_the_decimal_comma():
    with pytest.raises(UsageError, match="0,05 a 0,99"):
        PipelineConfig(open_threshold=2)


@every_profile
def test_as_dict_holds_every_setting_as_plain_json(profile):
    values = profile.as_dict()
    assert list(values) == FIELDS
    assert PipelineConfig(**json.loads(json.dumps(values))) == profile


def test_every_setting_says_in_portuguese_what_it_means():
    assert list(MEANINGS) == FIELDS
