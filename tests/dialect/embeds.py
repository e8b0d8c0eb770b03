"""Which tables can be embedded in which, and by what spelling. Written by hand: the gateway finds them, we only ask."""

from dataclasses import dataclass
from typing import Literal

Cardinality = Literal["one", "many"]


@dataclass(frozen=True, slots=True)
class Embed:
    """`name!hint` in the select of `origin` gives rows of `target`."""

    origin: str
    spelling: str
    target: str
    cardinality: Cardinality

    @property
    def name(self) -> str:
        """What the embed is called when it has no alias."""
        return self.spelling.split("!")[0]


def _read(lines: str) -> tuple[Embed, ...]:
    found: list[Embed] = []
    for line in lines.strip().splitlines():
        origin, spelling, target, cardinality = (part.strip() for part in line.split("|"))
        found.append(Embed(origin, spelling, target, "one" if cardinality == "one" else "many"))
    return tuple(found)


#: Spellings that find exactly one relationship.
CLEAR = _read("""
books        | authors!author_id               | authors          | one
books        | authors!books_author_id_fkey    | authors          | one
books        | authors!books_edited_by_fkey    | authors          | one
books        | books_edited_by_fkey            | authors          | one
books        | author_id                       | authors          | one
books        | editor_id                       | authors          | one
books        | authors!book_reviewers          | authors          | many
books        | authors!book_translators        | authors          | many
books        | labels!book_labels              | labels           | many
books        | labels!label_links              | labels           | many
books        | book_labels                     | book_labels      | many
books        | book_reviewers                  | book_reviewers   | many
books        | shelf_books                     | shelf_books      | many
books        | vault_view                      | vault_view       | many
books        | writer                          | authors          | one
books        | related                         | labels           | many
authors      | books!author_id                 | books            | many
authors      | books!editor_id                 | books            | many
authors      | books!books_edited_by_fkey      | books            | many
authors      | books!book_reviewers            | books            | many
authors      | profiles                        | profiles         | one
authors      | passports                       | passports        | one
authors      | nicknames                       | nicknames        | many
authors | book_list!books_author_id_fkey | book_list | many
authors      | book_reviewers                  | book_reviewers   | many
authors      | best_book                       | books            | one
authors      | works                           | books            | many
authors      | listed                          | book_list        | many
authors      | related                         | labels           | many
authors      | doubled_books!first_ref         | doubled_books    | many
authors      | doubled_books!second_ref        | doubled_books    | many
authors | through_extra!books_author_id_fkey | through_extra | many
authors | book_prices!books_author_id_fkey | book_prices | many
labels       | books!book_labels               | books            | many
labels       | book_labels                     | book_labels      | many
labels       | regions                         | regions          | many
labels       | region_labels                   | region_labels    | many
book_labels  | books                           | books            | one
book_labels  | labels                          | labels           | one
book_labels  | book_list                       | book_list        | one
label_links  | books                           | books            | one
label_links  | labels                          | labels           | one
book_reviewers | books                         | books            | one
book_reviewers | author_id                     | authors          | one
profiles     | authors                         | authors          | one
profiles     | author_id                       | authors          | one
passports    | authors                         | authors          | one
nicknames    | authors                         | authors          | one
categories   | parent_id                       | categories       | one
categories   | categories                      | categories       | many
categories   | categories!parent_id            | categories       | many
categories   | children                        | categories       | many
categories   | parent                          | categories       | one
employees    | manager_id                      | employees        | one
employees    | mentor_id                       | employees        | one
employees    | employees!manager_id            | employees        | many
employees    | employees!mentor_id             | employees        | many
friendships  | people!person_id                | people           | one
friendships  | friend_id                       | people           | one
people       | friendships!friend_id           | friendships      | many
people       | friendships!friendships_person_id_fkey | friendships | many
spouses      | spouse                          | spouses          | one
cities       | regions!cities_region_fkey      | regions          | one
cities       | cities_twin_fkey                | regions          | one
regions      | cities!cities_region_fkey       | cities           | many
regions      | cities!cities_twin_fkey         | cities           | many
regions      | labels                          | labels           | many
regions      | region_labels                   | region_labels    | many
region_labels | regions                        | regions          | one
region_labels | labels                         | labels           | one
region_names | cities!cities_twin_fkey         | cities           | many
city_keys    | regions                         | regions          | one
shows        | actors                          | actors           | many
shows        | parts                           | parts            | many
shows        | castings                        | castings         | many
actors       | shows                           | shows            | many
actors       | parts                           | parts            | many
parts        | shows!castings                  | shows            | many
castings     | shows                           | shows            | one
castings     | actors                          | actors           | one
shelves      | shelf_books                     | shelf_books      | many
shelf_books  | shelves                         | shelves          | one
shelf_books  | books                           | books            | one
shelf_books  | book_prices                     | book_prices      | one
devices      | events                          | events           | many
devices      | measurements                    | measurements     | many
events       | devices                         | devices          | one
events       | event_notes                     | event_notes      | many
event_notes  | events                          | events           | one
measurements | devices                         | devices          | one
seats        | beside                          | seats            | one
seats        | seats                           | seats            | many
book_list | authors!books_author_id_fkey | authors | one
book_list    | shelf_books                     | shelf_books      | many
cheap_books | authors!books_author_id_fkey | authors | one
checked_books | authors!books_author_id_fkey | authors | one
doubled_books | authors!first_ref              | authors          | one
doubled_books | authors!second_ref             | authors          | one
doubled_authors | profiles!id                  | profiles         | one
book_prices | authors!books_author_id_fkey | authors | one
Odd View | authors!books_author_id_fkey | authors | one
through_extra | authors!books_author_id_fkey | authors | one
nested_sub | authors!books_author_id_fkey | authors | one
select       | order                           | order            | one
select       | order_id                        | order            | one
order        | select                          | select           | many
dash-child   | dash-ed                         | dash-ed          | one
dash-child   | parent-ref                      | dash-ed          | one
dash-child   | Mixed Case                      | Mixed Case       | one
dash-ed      | dash-child                      | dash-child       | many
Mixed Case   | dash-child                      | dash-child       | many
""")

#: Spellings that find none, or more than one.
UNCLEAR = _read("""
books        | authors                         | authors          | one
books        | authors!nothing                 | authors          | one
books        | labels                          | labels           | many
books        | writers                         | authors          | one
books        | articles                        | articles         | many
books        | author                          | authors          | one
books        | things                          | authors          | many
books        | vault                           | authors          | many
authors      | books                           | books            | many
authors      | books!books                     | books            | many
authors      | doubled_books                   | doubled_books    | many
authors      | cities                          | cities           | many
employees    | employees                       | employees        | many
people       | people                          | people           | many
people       | people!friendships              | people           | many
spouses      | spouses                         | spouses          | one
spouses      | spouse_id                       | spouses          | one
cities       | regions                         | regions          | one
cities       | cities_region                   | regions          | one
city_names   | regions                         | regions          | one
everybody    | books                           | books            | many
author_stats | authors                         | authors          | one
computed_keys | authors                        | authors          | one
shelves      | books                           | books            | many
logs         | authors                         | authors          | one
book_writers | authors                         | authors          | one
doubled_authors | profiles                     | profiles         | one
authors      | book_list                       | book_list        | many
authors      | through_extra                   | through_extra    | many
authors      | book_prices                     | book_prices      | many
book_list    | authors                         | authors          | one
cheap_books  | authors                         | authors          | one
checked_books | authors                        | authors          | one
book_prices  | authors                         | authors          | one
Odd View     | authors                         | authors          | one
through_extra | authors                        | authors          | one
nested_sub   | authors                         | authors          | one
""")
