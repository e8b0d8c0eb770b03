"""The demo, in the order in which its rows can be written: what a row refers to comes before it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from app.modules.library.seeding import community, news, people, sheets, templates, vocabulary
from app.modules.library.seeding.records import Resource
from app.modules.library.seeding.writing import Batch


def batches(users: Sequence[UUID], today: datetime) -> Iterator[Batch]:
    """Everything but profiles and votes, which depend on rows that the database made."""
    resources = sheets.resources(users, today)
    yield from _vocabulary(today)
    yield Batch("resources", "library.resources", resources)
    yield Batch("versions", "library.resource_versions", community.versions(resources))
    yield Batch("ratings", "library.resource_ratings", community.ratings(resources, users, today))
    yield Batch("saved", "library.saved_resources", community.saved(resources, users, today))
    yield from _collections(resources, users, today)
    yield from _conversations(resources, users, today)


def _vocabulary(today: datetime) -> Iterator[Batch]:
    roots, children = vocabulary.categories(today)
    yield Batch("templates", "library.resource_templates", list(templates.templates(today)))
    yield Batch("categories", "library.category_hierarchy", roots)
    yield Batch("categories", "library.category_hierarchy", children)
    yield Batch("filters", "library.category_filters", vocabulary.filters(today))


def _collections(resources: Sequence[Resource], users: Sequence[UUID], today: datetime) -> Iterator[Batch]:
    shelves = community.collections(users, today)
    yield Batch("collections", "library.collections", shelves)
    yield Batch("entries", "library.collection_resources", community.entries(shelves, resources, today))


def _conversations(resources: Sequence[Resource], users: Sequence[UUID], today: datetime) -> Iterator[Batch]:
    names = {profile.user_id: profile.full_name for profile in people.profiles(users)}
    remarks = community.comments(resources, users, today)
    answers = community.replies(remarks, {resource.id: resource.user_id for resource in resources}, today)
    groups = people.groups(users, today)
    members = people.members(groups, users)
    with_users = people.shares_with_users(resources, users, today)
    with_groups = people.shares_with_groups(resources, groups, today)
    told = [
        *news.of_shares(with_users, resources, names),
        *news.of_comments(remarks, resources, names),
        *news.of_members(members, groups, names),
    ]
    yield Batch("comments", "library.resource_comments", remarks)
    yield Batch("comments", "library.resource_comments", answers)
    yield Batch("groups", "library.groups", groups)
    yield Batch("members", "library.group_members", members)
    yield Batch("shares", "library.resource_shares", with_users, same=("resource_id", "shared_with_user_id"))
    yield Batch("shares", "library.resource_shares", with_groups, same=("resource_id", "shared_with_group_id"))
    yield Batch("notifications", "library.notifications", news.notifications(told, users))
