// upsert. What stays is taken away again; the rest is rolled back.
import { describe, test } from "node:test";
import { answers, api, refuses } from "./support.mjs";

const labels = () => api.from("labels");
const scratch = () => api.from("scratch");
const created = (count = null) => ({ status: 201, count });
const one = { id: 9100, label: "one" };

describe("upsert", () => {
  test("a row that is there is changed, what it does not name is kept", () =>
    answers(labels().upsert({ id: 1, label: "changed" }).select().rollback(), [
      { id: 1, label: "changed", level: "mid" },
    ]));
  test("a row that is not there is inserted", () =>
    answers(labels().upsert({ id: 9100, label: "one" }).select().rollback(), [{ ...one, level: null }], created()));
  test("both at once are created", () =>
    answers(
      labels()
        .upsert([{ id: 1, label: "changed" }, one], { count: "exact" })
        .select()
        .order("id")
        .rollback(),
      [
        { id: 1, label: "changed", level: "mid" },
        { ...one, level: null },
      ],
      created(2),
    ));
  test("stays, and without representation says nothing", async () => {
    await answers(scratch().upsert({ id: 9100, note: "a" }), null, created());
    await answers(scratch().upsert({ id: 9100, note: "b" }), null);
    await answers(scratch().delete().eq("id", 9100).select(), [{ id: 9100, note: "b" }]);
  });
  test("ignoreDuplicates leaves what is there", () =>
    answers(
      labels()
        .upsert([{ id: 1, label: "changed" }, one], { ignoreDuplicates: true, count: "exact" })
        .select()
        .rollback(),
      [{ ...one, level: null }],
      created(1),
    ));
  test("ignoreDuplicates of nothing new", () =>
    answers(
      labels()
        .upsert([{ id: 1, label: "changed" }], { ignoreDuplicates: true })
        .select(),
      [],
      created(),
    ));
  test("onConflict, one column", async () => {
    await answers(
      api
        .from("strict")
        .upsert({ id: 1, must: "z", one_of: "one" }, { onConflict: "one_of" })
        .select("id, must, one_of, pair_a")
        .rollback(),
      [{ id: 1, must: "z", one_of: "one", pair_a: 1 }],
    );
    await answers(
      labels().upsert({ id: 77, label: "new" }, { onConflict: "label", ignoreDuplicates: true }).select(),
      [],
      created(),
    );
  });
  test("onConflict, several columns", () =>
    answers(
      api
        .from("strict")
        .upsert({ id: 2, must: "z", pair_a: 1, pair_b: 2 }, { onConflict: "pair_a,pair_b" })
        .select("id, must, one_of")
        .rollback(),
      [{ id: 2, must: "z", one_of: "two" }],
    ));
  test("onConflict, columns that nothing makes unique", () =>
    refuses(labels().upsert({ id: 1, label: "x", level: "low" }, { onConflict: "level" }).rollback(), 400, {
      code: "42P10",
      message: "there is no unique or exclusion constraint matching the ON CONFLICT specification",
    }));
  test("a key of several columns", () =>
    answers(api.from("metrics").upsert({ zone: "south", name: "metric 2", reading: 7 }).select().rollback(), [
      { zone: "south", name: "metric 2", reading: 7 },
    ]));
  test("a table without a key", () =>
    answers(
      api.from("logs").upsert({ message: "x", severity: 1 }).select("severity").rollback(),
      [{ severity: 1 }],
      created(),
    ));
  test("what some rows lack is null, or the default", async () => {
    const rows = [
      { id: 1, a: 7 },
      { id: 9100, b: "x" },
    ];
    const upsert = (options) => api.from("defaults").upsert(rows, options).select("id, a, b").order("id").rollback();
    await answers(
      upsert(),
      [
        { id: 1, a: 7, b: null },
        { id: 9100, a: null, b: "x" },
      ],
      created(),
    );
    await answers(
      upsert({ defaultToNull: false }),
      [
        { id: 1, a: 7, b: "none" },
        { id: 9100, a: 5, b: "x" },
      ],
      created(),
    );
  });
  test("counted", async () => {
    const rows = [one, { id: 9101, label: "two" }];
    await answers(labels().upsert(rows, { count: "estimated" }).rollback(), null, created(2));
    await answers(labels().upsert(rows, { count: "planned" }).rollback(), null, created(NaN));
    await answers(labels().upsert([], { count: "exact" }).select(), [], { count: 0 });
  });
  test("one row twice is refused", () =>
    refuses(
      labels().upsert([
        { id: 1, label: "a" },
        { id: 1, label: "b" },
      ]),
      500,
      {
        code: "21000",
        message: "ON CONFLICT DO UPDATE command cannot affect row a second time",
        hint: "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
      },
    ));
});
