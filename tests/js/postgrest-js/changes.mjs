// update and delete.
import { describe, test } from "node:test";
import { ann, answers, api, finds, refuses } from "./support.mjs";

const labels = () => api.from("labels");
const scratch = () => api.from("scratch");
const gone = (count = null) => ({ status: 204, count });

// Rows that are there for one test only.
async function withRows(test) {
  const rows = [9100, 9101, 9102].map((id) => ({ id, note: "mine" }));
  await answers(scratch().insert(rows), null, { status: 201 });
  try {
    await test();
  } finally {
    await scratch().delete().gte("id", 9100);
  }
}

describe("update", () => {
  test("stays", () =>
    withRows(async () => {
      await answers(scratch().update({ note: "new" }).eq("id", 9100), null, gone());
      await answers(scratch().select().gte("id", 9100).lt("id", 9102).order("id"), [
        { id: 9100, note: "new" },
        { id: 9101, note: "mine" },
      ]);
    }));
  test("does not stay when it is rolled back", async () => {
    await answers(labels().update({ level: "high" }).eq("id", 1).select().rollback(), [
      { id: 1, label: "new", level: "high" },
    ]);
    await answers(labels().select("level").eq("id", 1).single(), { level: "mid" });
  });
  test("what comes back is chosen, and ordered", () =>
    answers(labels().update({ level: "high" }).lte("id", 3).select("id").order("id", { ascending: false }).rollback(), [
      { id: 3 },
      { id: 2 },
      { id: 1 },
    ]));
  test("counted", async () => {
    const update = (count) => labels().update({ level: "high" }, { count }).lte("id", 3);
    await answers(update("exact").rollback(), null, gone(3));
    await answers(update("estimated").rollback(), null, gone(3));
    await answers(update("planned").rollback(), null, gone(NaN));
    await answers(update("exact").select("id").order("id").rollback(), [{ id: 1 }, { id: 2 }, { id: 3 }], { count: 3 });
  });
  test("of no row", async () => {
    await answers(labels().update({ level: "high" }, { count: "exact" }).eq("id", 0).select(), [], { count: 0 });
    await refuses(labels().update({ level: "high" }).eq("id", 0).select().single(), 406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: "The result contains 0 rows",
    });
    await answers(labels().update({ level: "high" }).eq("id", 0).select().maybeSingle(), null);
  });
  test("with nothing changes nothing", () => answers(labels().update({}).eq("id", 1).select(), []));
  test("of one row", () =>
    answers(labels().update({ level: null }).eq("id", 1).select().single().rollback(), {
      id: 1,
      label: "new",
      level: null,
    }));
  test("of several rows where one was announced changes none", async () => {
    await refuses(labels().update({ level: "high" }).in("id", [4, 8]).select().single(), 406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: "The result contains 2 rows",
    });
    await answers(labels().select("level").in("id", [4, 8]), [{ level: "low" }, { level: "low" }]);
  });
  test("through every kind of filter", () =>
    finds(
      labels().update({ level: "low" }).or("id.eq.1,label.like.q*").not("level", "is", null).select("id").rollback(),
      [1, 6],
    ));
  test("what the type, a trigger or a policy forbids", async () => {
    await refuses(labels().update({ level: "nope" }).eq("id", 1), 400, {
      code: "22P02",
      message: 'invalid input value for enum level: "nope"',
    });
    await refuses(api.from("guarded").update({ name: "bad" }).eq("id", 1), 400, {
      code: "P0001",
      message: "no bad names",
    });
    await finds(ann.from("secrets").update({ body: "x" }).gt("id", 0).select("id").rollback(), [1, 2]);
    await finds(api.from("secrets").update({ body: "x" }).gt("id", 0).select("id"), []);
  });
  test("what is checked at the end, is checked before the answer", () =>
    refuses(api.from("seats").update({ beside: 999 }).eq("id", 1), 409, {
      code: "23503",
      message: 'insert or update on table "seats" violates foreign key constraint "seats_beside_fkey"',
      details: 'Key (beside)=(999) is not present in table "seats".',
    }));
});

describe("delete", () => {
  test("stays", () =>
    withRows(async () => {
      await answers(scratch().delete().in("id", [9100, 9102]), null, gone());
      await finds(scratch().select("id").gte("id", 9100), [9101]);
    }));
  test("does not stay when it is rolled back", async () => {
    await answers(scratch().delete().eq("id", 1).select().rollback(), [{ id: 1, note: "note" }]);
    await finds(scratch().select("id").eq("id", 1), [1]);
  });
  test("counted", async () => {
    await answers(scratch().delete({ count: "exact" }).rollback(), null, gone(2));
    await answers(scratch().delete({ count: "estimated" }).eq("id", 1).rollback(), null, gone(1));
    await answers(scratch().delete({ count: "planned" }).eq("id", 1).rollback(), null, gone(NaN));
    await answers(scratch().delete({ count: "exact" }).eq("id", 0).select(), [], { count: 0 });
  });
  test("what is still referred to", () =>
    refuses(labels().delete().eq("id", 1), 409, {
      code: "23503",
      message:
        'update or delete on table "labels" violates foreign key constraint "book_labels_label_id_fkey" ' +
        'on table "book_labels"',
      details: 'Key (id)=(1) is still referenced from table "book_labels".',
    }));
  test("what one may not", async () => {
    const error = { code: "42501", message: "permission denied for table locked" };
    await refuses(api.from("locked").delete().eq("id", 1), 401, error);
    await refuses(ann.from("locked").delete().eq("id", 1), 403, error);
  });
});

describe("maxAffected", () => {
  const tooMany = (rows) => ({
    code: "PGRST124",
    message: "Query result exceeds max-affected preference constraint",
    details: `The query affects ${rows} rows`,
  });

  test("up to it all is well", async () => {
    await answers(labels().update({ level: "high" }).lte("id", 2).maxAffected(2).rollback(), null, gone());
    await finds(scratch().delete().maxAffected(2).select("id").rollback(), [1, 2]);
  });
  test("beyond it nothing is changed", async () => {
    await refuses(labels().update({ level: "high" }).in("id", [1, 4, 5]).maxAffected(2), 400, tooMany(3));
    await answers(labels().select("level").in("id", [1, 4, 5]).order("id"), [
      { level: "mid" },
      { level: "low" },
      { level: "mid" },
    ]);
    await refuses(scratch().delete().maxAffected(1), 400, tooMany(2));
    await finds(scratch().select("id"), [1, 2]);
  });
  test("of a call", async () => {
    await refuses(api.rpc("write_labels", { n: 3 }).maxAffected(2), 400, tooMany(3));
    await finds(labels().select("id").gt("id", 9000), []);
    await finds(api.rpc("write_labels", { n: 2 }).maxAffected(2).select("id").rollback(), [9001, 9002]);
    await refuses(api.rpc("write_label", { label: "x" }).maxAffected(1), 400, {
      code: "PGRST128",
      message: "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
    });
  });
});
