"""The vocabulary: from a user's word to codes, and from codes to names."""

from provexpo.vocab.browse import baskets, groups, partners, provinces, regimes
from provexpo.vocab.fields import UNITS, Field, field, fields
from provexpo.vocab.names import names
from provexpo.vocab.own_places import own_areas, own_places, whole_areas
from provexpo.vocab.partners import (
    M49,
    group_members,
    has_own_codes,
    partition,
    partner_aggregates,
    partner_codes,
    partner_lookup,
)
from provexpo.vocab.phrases import phrase
from provexpo.vocab.places import place_lookup, place_table, province_codes
from provexpo.vocab.products import chapter_table
from provexpo.vocab.regimes import regime_codes
from provexpo.vocab.resolve import Selection, resolve
from provexpo.vocab.words import normalise

__all__ = [
    "M49",
    "UNITS",
    "Field",
    "Selection",
    "baskets",
    "chapter_table",
    "field",
    "fields",
    "group_members",
    "groups",
    "has_own_codes",
    "names",
    "normalise",
    "own_areas",
    "own_places",
    "partition",
    "partner_aggregates",
    "partner_codes",
    "partner_lookup",
    "partners",
    "phrase",
    "place_lookup",
    "place_table",
    "province_codes",
    "provinces",
    "regime_codes",
    "regimes",
    "resolve",
    "whole_areas",
]
