import { createClient } from "@supabase/supabase-js"
import type { Database } from "./database.js"
const client = createClient<Database, "library">("http://localhost", "key", { db: { schema: "library" } })
export async function f() {
  const { data } = await client.from("resources").select("id, title, profiles!inner(username)").limit(1).single()
  const t: string = data!.title
  // @ts-expect-error
  const n: number = data!.title
  await client.from("resources").insert({ title: "a", description: "b" })
  const r = await client.rpc("search_resources", { query: "a" })
}
