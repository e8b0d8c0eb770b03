// Right uses of generated types, and wrong ones, each of which the compiler must find.
import { createClient } from "@supabase/supabase-js"
import type { Database as Awkward } from "./awkward.js"
import type { Database } from "./database.js"

const address = "http://localhost:8000"
const library = createClient<Database, "library">(address, "key", { db: { schema: "library" } })
const awkward = createClient<Awkward, "awkward">(address, "key", { db: { schema: "awkward" } })

export async function reads(): Promise<void> {
  const one = await library.from("resources").select("id, title, visibility, profiles!inner(username)").limit(1).single()
  const title: string = one.data!.title
  const username: string | null = one.data!.profiles.username
  const visibility: Database["library"]["Enums"]["resource_visibility"] = one.data!.visibility
  // @ts-expect-error a text is no number
  const number: number = one.data!.title
  const many = await library.from("collections").select("*, collection_resources(resource_id)")
  const entries: { resource_id: string }[] = many.data![0].collection_resources
  // @ts-expect-error there is no such column
  many.data![0].nothing
  // @ts-expect-error there is no such table
  library.from("nowhere")
  console.log(title, username, visibility, number, entries)
}

export async function writes(): Promise<void> {
  await library.from("resources").insert({ title: "A", description: "B", visibility: "private" })
  await library.from("resources").update({ title: "A" }).eq("id", "1").maxAffected(1)
  // @ts-expect-error a title is needed
  await library.from("resources").insert({ description: "B" })
  // @ts-expect-error no such word
  await library.from("resources").insert({ title: "A", description: "B", visibility: "secret" })
  await awkward.from("authors").insert({ name: "A", extra: { any: [1, null] }, mood: "don't know" })
  // @ts-expect-error PostgreSQL makes it
  await awkward.from("authors").insert({ id: 1, name: "A", extra: {} })
  // @ts-expect-error PostgreSQL makes it
  await awkward.from("authors").update({ shout: "A" })
  await awkward.from("books & more").insert({ "author id": 1, select: true, price: 4.5 })
}

export async function calls(): Promise<void> {
  const found = await library.rpc("search_resources", { query: "a" })
  const authors = await awkward.rpc("authors_named", { wanted: "A" })
  const name: string = authors.data![0].name
  // @ts-expect-error an argument is missing
  await awkward.rpc("authors_named", { most: 1 })
  await awkward.rpc("nothing")
  console.log(found, name)
}
