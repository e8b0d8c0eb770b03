"""The routes and the session that they depend on."""

import os
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import selectinload
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.textbook.tables import (
    Resource,
    ResourceCreate,
    ResourceRead,
    ResourceVisibility,
    ResourceWithAuthor,
    tenant_id,
)

engine = create_async_engine(
    os.environ["TEXTBOOK_DATABASE_URL"], pool_size=int(os.environ.get("TEXTBOOK_POOL_SIZE", "16")), max_overflow=0
)
app = FastAPI()


async def get_session() -> AsyncGenerator[AsyncSession]:
    """A session for one request."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
Limit = Annotated[int, Query(ge=1, le=100)]


@app.get("/ready")
async def ready() -> dict[str, str]:
    """The server answers."""
    return {"status": "ok"}


@app.get("/resources/{resource_id}", response_model=ResourceRead)
async def read_resource(resource_id: UUID, session: SessionDep) -> Any:
    """One resource."""
    resource = await session.get(Resource, (tenant_id(), resource_id))
    if resource is None:
        raise HTTPException(status_code=404, detail="Resource not found")
    return resource


@app.get("/resources", response_model=list[ResourceRead])
async def read_resources(
    session: SessionDep, category: str, visibility: ResourceVisibility = ResourceVisibility.PUBLIC, limit: Limit = 20
) -> Any:
    """The newest resources of a category."""
    return await _newest(session, category, visibility, limit)


@app.get("/resources-with-authors", response_model=list[ResourceWithAuthor])
async def read_resources_with_authors(
    session: SessionDep, category: str, visibility: ResourceVisibility = ResourceVisibility.PUBLIC, limit: Limit = 20
) -> Any:
    """The newest resources of a category, each with its author."""
    return await _newest(session, category, visibility, limit, selectinload(Resource.author))  # pyright: ignore


@app.post("/resources", response_model=ResourceRead, status_code=201)
async def create_resource(resource: ResourceCreate, session: SessionDep) -> Any:
    """A new resource."""
    created = Resource.model_validate(resource)
    session.add(created)
    await session.commit()
    await session.refresh(created)
    return created


async def _newest(
    session: AsyncSession, category: str, visibility: ResourceVisibility, limit: int, *options: Any
) -> Sequence[Resource]:
    statement = (
        select(Resource)
        .where(Resource.tenant_id == tenant_id(), Resource.visibility == visibility, Resource.category == category)
        .order_by(col(Resource.created_at).desc())
        .limit(limit)
        .options(*options)
    )
    return (await session.exec(statement)).all()
