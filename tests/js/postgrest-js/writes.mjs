// insert. What stays is taken away again; the rest is rolled back.
import { describe, test } from "node:test";
import { ann, answers, api, finds, refuses } from "./support.mjs";

const labels = () => api.from("labels");
const scratch = () => api.from("scratch");
const created = (count = null) => ({ status: 201, count });
const two = [
  { id: 9100, label: "one" },
  { id: 9101, label: "two", level: "low" },
];
const twoWhole = [
  { id: 9100, label: "one", level: null },
  { id: 9101, label: "two", level: "low" },
];

describe("insert", () => {
  test("stays", async () => {
    await answers(scratch().insert({ id: 9100, note: "mine" }), null, created());
    await answers(scratch().delete().eq("id", 9100).select(), [{ id: 9100, note: "mine" }]);
  });
  test("does not stay when it is rolled back", async () => {
    await answers(scratch().insert({ id: 9100 }).select().rollback(), [{ id: 9100, note: null }], created());
    await finds(scratch().select("id").eq("id", 9100), []);
  });
  test("several rows, with the keys of all of them", () =>
    answers(labels().insert(two).select().rollback(), twoWhole, created()));
  test("what comes back is chosen, and ordered", () =>
    answers(
      labels().insert(two).select("id, is:level").order("id", { ascending: false }).rollback(),
      [
        { id: 9101, is: "low" },
        { id: 9100, is: null },
      ],
      created(),
    ));
  test("what comes back has other tables with it", () =>
    answers(
      api
        .from("books")
        .insert({ id: 9100, title: "T", author_id: 1 })
        .select("id, authors!author_id(name)")
        .single()
        .rollback(),
      { id: 9100, authors: { name: "Bo" } },
      created(),
    ));
  test("what comes back as csv, or without nulls", async () => {
    await answers(
      labels().insert(two).select().order("id").csv().rollback(),
      "id,label,level\n9100,one,\n9101,two,low",
      created(),
    );
    await answers(labels().insert(two[0]).select().stripNulls().single().rollback(), two[0], created());
  });
  test("counted", async () => {
    await answers(labels().insert(two, { count: "exact" }).rollback(), null, created(2));
    await answers(labels().insert(two, { count: "estimated" }).rollback(), null, created(2));
    await answers(labels().insert(two, { count: "exact" }).select().rollback(), twoWhole, created(2));
  });
  test("a planned count of writes is none", () =>
    answers(labels().insert(two, { count: "planned" }).rollback(), null, created(NaN)));
  test("nothing", async () => {
    await answers(labels().insert([]), null, created());
    await answers(labels().insert([]).select(), [], created());
  });
  test("a row of defaults", () =>
    answers(
      api.from("defaults").insert({}).select("id, a, b, c, e, f, g, h, i, j").rollback(),
      [
        {
          id: 4242,
          a: 5,
          b: "none",
          c: 9.99,
          e: "SHOUTED",
          f: "happy",
          g: [1, 2],
          h: { k: [1, null] },
          i: false,
          j: null,
        },
      ],
      created(),
    ));
  test("what some rows lack is null, or the default", async () => {
    const rows = [
      { id: 9100, a: 1 },
      { id: 9101, b: "x" },
      { id: 9102, a: null, b: null },
    ];
    const insert = (options) => api.from("defaults").insert(rows, options).select("id, a, b").order("id").rollback();
    const nulls = [
      { id: 9100, a: 1, b: null },
      { id: 9101, a: null, b: "x" },
      { id: 9102, a: null, b: null },
    ];
    await answers(insert(), nulls, created());
    await answers(insert({ defaultToNull: true }), nulls, created());
    const defaults = [
      { id: 9100, a: 1, b: "none" },
      { id: 9101, a: 5, b: "x" },
      { id: 9102, a: null, b: null },
    ];
    await answers(insert({ defaultToNull: false }), defaults, created());
  });
  test("every kind of value", async () => {
    const row = {
      id: 9100,
      texts: ["a,b", 'c"d', null],
      ints: [],
      nested: [[1], [2]],
      homes: [{ street: "S", city: null, zip: 1 }],
    };
    await answers(
      api.from("arrays").insert(row).select("id, texts, ints, nested, homes").single().rollback(),
      row,
      created(),
    );
    const documents = { id: 9100, doc: { a: [1, { b: null }], "ü\"'\\": "\u2028" }, raw: [true] };
    await answers(
      api.from("documents").insert(documents).select("id, doc, raw").single().rollback(),
      documents,
      created(),
    );
    const number = { id: 9100, big: 9007199254740993n };
    await answers(
      api.from("numbers").insert(number).select("big::text").single().rollback(),
      { big: "9007199254740993" },
      created(),
    );
  });
  test("odd names", () =>
    answers(
      api
        .from("with.dot")
        .insert([{ "a.b": 9100, "c,d": "x", "(e)": "y", "i*": "z" }])
        .select('"a.b","c,d","(e)","i*"')
        .rollback(),
      [{ "a.b": 9100, "c,d": "x", "(e)": "y", "i*": "z" }],
      created(),
    ));
  test("triggers and generated columns have their say", async () => {
    await answers(
      api.from("changed").insert({ id: 9100, name: "x" }).select().rollback(),
      [{ id: 9100, name: "X", times: 1 }],
      created(),
    );
    await answers(
      api.from("rectangles").insert({ id: 9100, width: 2, height: 5 }).select("area, label").rollback(),
      [{ area: 10, label: "w2h5" }],
      created(),
    );
    await answers(api.from("quiet").insert({ id: 9100 }, { count: "exact" }).select(), [], created(0));
  });
  test("into a view", () =>
    answers(
      api.from("editable").insert({ id: 9100, title: "x" }).select().rollback(),
      [{ id: 9100, title: "x", price: null }],
      created(),
    ));
  test("without the right to read", () =>
    answers(api.from("write_only").insert({ id: 9100 }).rollback(), null, created()));
});

describe("insert is refused", () => {
  test("what is there already", () =>
    refuses(labels().insert({ id: 1, label: "again" }), 409, {
      code: "23505",
      message: 'duplicate key value violates unique constraint "labels_pkey"',
      details: "Key (id)=(1) already exists.",
    }));
  test("what refers to nothing", () =>
    refuses(api.from("book_labels").insert({ book_id: 99999, label_id: 1 }), 409, {
      code: "23503",
      message: 'insert or update on table "book_labels" violates foreign key constraint "book_labels_book_id_fkey"',
      details: 'Key (book_id)=(99999) is not present in table "books".',
    }));
  test("what lacks a value", () =>
    refuses(labels().insert({ id: 9100 }), 400, {
      code: "23502",
      message: 'null value in column "label" of relation "labels" violates not-null constraint',
      details: "Failing row contains (9100, null, null).",
    }));
  test("what a check forbids", () =>
    refuses(api.from("strict").insert({ id: 9100, must: "m", unsigned: -1 }), 400, {
      code: "23514",
      message: 'new row for relation "strict" violates check constraint "strict_unsigned_check"',
      details: "Failing row contains (9100, m, -1, null, null, null).",
    }));
  test("a column that is not there, in a row or a list of rows", async () => {
    const error = { code: "PGRST204", message: "Could not find the 'lable' column of 'labels' in the schema cache" };
    await refuses(labels().insert({ id: 9100, lable: "x" }), 400, error);
    await refuses(labels().insert([{ id: 9100, lable: "x" }]), 400, error);
  });
  test("a table that is not there", () =>
    refuses(api.from("nowhere").insert({ a: 1 }), 404, {
      code: "PGRST205",
      message: "Could not find the table 'api.nowhere' in the schema cache",
    }));
  test("an identity that is always generated", () =>
    refuses(api.from("tickets").insert({ id: 9100 }), 400, {
      code: "428C9",
      message: 'cannot insert a non-DEFAULT value into column "id"',
      details: 'Column "id" is an identity column defined as GENERATED ALWAYS.',
      hint: "Use OVERRIDING SYSTEM VALUE to override.",
    }));
  test("several rows where one was announced, and none of them stays", async () => {
    await refuses(labels().insert(two).select().single(), 406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: "The result contains 2 rows",
    });
    await finds(labels().select("id").gt("id", 9000), []);
  });
  test("all rows, if one of them is", async () => {
    await refuses(labels().insert([...two, { id: 9102, label: "one" }]), 409, {
      code: "23505",
      message: 'duplicate key value violates unique constraint "labels_label_key"',
      details: "Key (label)=(one) already exists.",
    });
    await finds(labels().select("id").gt("id", 9000), []);
  });
  test("whoever may not", async () => {
    const error = { code: "42501", message: "permission denied for table read_only" };
    await refuses(api.from("read_only").insert({ id: 9100 }), 401, error);
    await refuses(ann.from("read_only").insert({ id: 9100 }), 403, error);
    await refuses(ann.from("secrets").insert({ id: 9100, owner: "bo" }), 403, {
      code: "42501",
      message: 'new row violates row-level security policy for table "secrets"',
    });
    await answers(
      ann.from("secrets").insert({ id: 9100, owner: "ann" }).select("id").rollback(),
      [{ id: 9100 }],
      created(),
    );
  });
});
