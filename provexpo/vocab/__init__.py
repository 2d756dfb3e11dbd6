"""The vocabulary: from a user's word to codes, and from codes to names."""

from provexpo.vocab.browse import baskets, groups, partners, provinces, regimes
from provexpo.vocab.fields import UNITS, Field, field, fields
from provexpo.vocab.names import names
from provexpo.vocab.partners import partition, partner_codes, partner_lookup
from provexpo.vocab.phrases import phrase
from provexpo.vocab.places import place_lookup, place_table, province_codes
from provexpo.vocab.products import chapter_table
from provexpo.vocab.regimes import regime_codes
from provexpo.vocab.resolve import Selection, resolve
from provexpo.vocab.words import normalise

__all__ = [
    "UNITS",
    "Field",
    "Selection",
    "baskets",
    "chapter_table",
    "field",
    "fields",
    "groups",
    "names",
    "normalise",
    "partition",
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
]
