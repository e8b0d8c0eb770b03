// select: what is read, counted and refused, and what of other tables comes with it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ann, answers, api, dataOf, finds, refuses } from "./support.mjs";

const labels = (...asked) => api.from("labels").select(...asked);

describe("columns", () => {
  test("all of them", () => answers(labels().eq("id", 3), [{ id: 3, label: "Rare", level: null }]));
  test("some, with spaces and line ends between them", () =>
    answers(labels(" id ,\n  label ").eq("id", 3), [{ id: 3, label: "Rare" }]));
  test("under another name, as another type", () =>
    answers(api.from("books").select("key:id, price::text, whole:price::int").eq("id", 1), [
      { key: 1, price: "37.50", whole: 38 },
    ]));
  test("with names that need quotes", () =>
    answers(api.from("Mixed Case").select('"Some Name", chosen:"select"').eq('"Id"', 3), [
      { "Some Name": "third", chosen: "x" },
    ]));
  test("under a name that the gateway's own SQL may use", async () => {
    await answers(labels("id, t:label").eq("id", 1), [{ id: 1, t: "new" }]);
    await answers(labels("t:label").eq("id", 1).single(), { t: "new" });
    await answers(labels("t:label, id").eq("id", 1).csv(), "t,id\nnew,1");
    await answers(labels("pgrst_source:label, body:id, labels:id, count:id, _:id").eq("id", 1), [
      { pgrst_source: "new", body: 1, labels: 1, count: 1, _: 1 },
    ]);
  });
  test("from inside of json", () =>
    answers(api.from("documents").select("deep:doc->a->b->2->>c, doc->n, first:doc->a->b->>0").eq("id", 1), [
      { deep: "deep", n: 5, first: "1" },
    ]));
  test("computed ones", () =>
    answers(api.from("books").select("id, label_of").eq("id", 2), [{ id: 2, label_of: "book 2" }]));
  test("every type as PostgreSQL writes it", () =>
    answers(api.from("numbers").select("big::text, exact, scaled, double, cash").eq("id", 5), [
      { big: "9007199254740993", exact: 0.1, scaled: 0.1, double: 1e-300, cash: "$0.00" },
    ]));
  test("views", () =>
    answers(api.from("cheap_books").select("book_no, price").lt("price", 1).order("book_no").limit(1), [
      { book_no: 100, price: 0.5 },
    ]));
  test("aggregates", () =>
    answers(labels("count(), id.max(), least:id.min()::text, id.sum(), id.avg()"), [
      { count: 8, max: 8, least: "1", sum: 36, avg: 4.5 },
    ]));
  test("aggregates of groups", () =>
    answers(labels("level, id.sum()").order("level"), [
      { level: "low", sum: 12 },
      { level: "mid", sum: 6 },
      { level: "high", sum: 8 },
      { level: null, sum: 10 },
    ]));
  test("one that is not there", () =>
    refuses(labels("nothing"), 400, { code: "42703", message: "column labels.nothing does not exist" }));
  test("a list that does not end", () =>
    refuses(labels("id,"), 400, {
      code: "PGRST100",
      message: '"failed to parse select parameter (id,)" (line 1, column 4)',
      details: 'unexpected end of input expecting "...", field name (* or [a..z0..9_$]), "*" or "count()"',
    }));
});

describe("head and count", () => {
  const measured = (options) => api.from("measurements").select("*", options);
  const linked = (options) => api.from("events").select("id", options).eq("id", 7).eq("day", "2023-06-22");

  test("no count unless it is asked for", () => answers(measured({ head: true }), null));
  test("head and exact count", () => answers(measured({ head: true, count: "exact" }), null, { count: 200 }));
  test("the exact count heeds filters", () =>
    answers(measured({ head: true, count: "exact" }).lte("id", 30), null, { count: 30 }));
  test("the planned count", () => answers(measured({ head: true, count: "planned" }), null, { count: 200 }));
  // The fifth is of another device. The planner cannot know, and never guesses that there is nothing.
  test("the planned count is a guess, the exact count is not, the estimated count is the greater of them", async () => {
    const none = (count) => measured({ head: true, count }).eq("id", 5).eq("device_id", 3);
    await answers(none("exact"), null, { count: 0 });
    await answers(none("planned"), null, { status: 206, count: 1 });
    await answers(none("estimated"), null, { status: 206, count: 1 });
  });
  test("the estimated count of all", () => answers(measured({ head: true, count: "estimated" }), null, { count: 200 }));
  test("exact count with rows", () => answers(linked({ count: "exact" }), [{ id: 7 }], { count: 1 }));
  test("a part of what was counted is partial content", async () => {
    await answers(labels("id", { count: "exact" }).order("id").range(2, 3), [{ id: 3 }, { id: 4 }], {
      status: 206,
      count: 8,
    });
    await answers(labels("id", { count: "exact" }).order("id").limit(1), [{ id: 1 }], { status: 206, count: 8 });
    await answers(labels("id", { count: "exact" }).range(0, 7).gt("id", 7), [{ id: 8 }], { count: 1 });
  });
  test("a window at the end of what was counted is empty", () =>
    answers(labels("id", { count: "exact" }).range(8, 9), [], { status: 206, count: 8 }));
  test("a window behind the end of what was counted is refused", () =>
    refuses(labels("id", { count: "exact" }).range(20, 30), 416, {
      code: "PGRST103",
      message: "Requested range not satisfiable",
      details: "An offset of 20 was requested, but there are only 8 rows.",
    }));
  test("a table that is not there, asked with head, is no content", () =>
    answers(api.from("nowhere").select("*", { head: true }), null, { status: 204 }));
});

describe("other tables", () => {
  const authors = (columns) => api.from("authors").select(columns);
  const books = (columns, options) => api.from("books").select(columns, options);

  test("to one, under the name of its key, or of our choice", () =>
    answers(books("id, author_id(name), writer:authors!author_id(name)").eq("id", 5), [
      { id: 5, author_id: { name: "Bo" }, writer: { name: "Bo" } },
    ]));
  test("to one that is not there", () =>
    answers(books("id, authors!author_id(name)").eq("id", 9), [{ id: 9, authors: null }]));
  test("to many, filtered and ordered", () =>
    answers(
      authors("id, books!author_id(id)")
        .in("id", [1, 2])
        .lt("books.id", 20)
        .order("id")
        .order("id", { referencedTable: "books", ascending: false }),
      [
        { id: 1, books: [{ id: 15 }, { id: 10 }, { id: 5 }] },
        { id: 2, books: [] },
      ],
    ));
  test("one to one", () =>
    answers(authors("id, profiles(theme), passports(number)").in("id", [1, 2]).order("id"), [
      { id: 1, profiles: { theme: "#010101" }, passports: { number: "P000001" } },
      { id: 2, profiles: null, passports: { number: "P000002" } },
    ]));
  test("many to many, and further", () =>
    answers(
      books("id, labels!book_labels(label, book_labels!label_id(weight))")
        .eq("id", 1)
        .order("label", { referencedTable: "labels" })
        .eq("labels.book_labels.book_id", 1),
      [
        {
          id: 1,
          labels: [
            { label: "com,ma", book_labels: [{ weight: null }] },
            { label: "old", book_labels: [{ weight: 1 }] },
          ],
        },
      ],
    ));
  test("inner leaves out those without", async () => {
    await answers(
      books("id, authors!author_id!inner(name)", { count: "exact" }).eq("authors.name", "Bo").lt("id", 12),
      [
        { id: 5, authors: { name: "Bo" } },
        { id: 10, authors: { name: "Bo" } },
      ],
      { count: 2 },
    );
    await finds(authors("id, books!author_id!inner()").lt("id", 9), [1, 8]);
  });
  test("those without, or with", async () => {
    await finds(authors("id, books!author_id()").is("books", null).lt("id", 5), [2, 3, 4]);
    await finds(authors("id, books!author_id()").not("books", "is", null).lt("id", 9), [1, 8]);
  });
  test("or within another table", () =>
    answers(
      authors("id, books!author_id(id)")
        .or("id.eq.3,id.eq.8", { referencedTable: "books" })
        .in("id", [1, 22])
        .order("id"),
      [
        { id: 1, books: [] },
        { id: 22, books: [{ id: 3 }, { id: 8 }] },
      ],
    ));
  test("or by the old name of its option", () =>
    answers(authors("id, books!author_id(id)").or("id.eq.3,id.eq.5", { foreignTable: "books" }).eq("id", 22), [
      { id: 22, books: [{ id: 3 }] },
    ]));
  test("or across tables", async () => {
    const both = authors("id, profiles(), books!author_id()").or("books.not.is.null,profiles.is.null").lt("id", 5);
    await finds(both, [1, 2, 4]);
  });
  test("spread, to one and to many", async () => {
    await answers(books("id, ...authors!author_id(writer:name, country)").eq("id", 5), [
      { id: 5, writer: "Bo", country: "FR" },
    ]);
    await answers(
      authors("id, ...books!author_id(numbers:id)").eq("id", 1).lt("books.id", 12).order("id", {
        referencedTable: "books",
      }),
      [{ id: 1, numbers: [5, 10] }],
    );
  });
  test("counted", () =>
    answers(authors("id, books!author_id(count)").in("id", [1, 2]).order("id"), [
      { id: 1, books: [{ count: 36 }] },
      { id: 2, books: [{ count: 0 }] },
    ]));
  test("itself, in both directions", () =>
    answers(
      api.from("categories").select("id, parent_id(name), categories(id)").eq("id", 4).order("id", {
        referencedTable: "categories",
      }),
      [{ id: 4, parent_id: { name: "category 1" }, categories: [{ id: 12 }, { id: 13 }, { id: 14 }] }],
    ));
  test("of several ways one must be chosen", () =>
    refuses(api.from("book_list").select("book_no, authors(name)"), 300, {
      code: "PGRST201",
      message: "Could not embed because more than one relationship was found for 'book_list' and 'authors'",
      details: [
        {
          cardinality: "many-to-one",
          embedding: "book_list with authors",
          relationship: "books_author_id_fkey using book_list(writer_id) and authors(id)",
        },
        {
          cardinality: "many-to-many",
          embedding: "book_list with authors",
          relationship:
            "book_reviewers using book_reviewers_book_id_fkey(book_id) and book_reviewers_author_id_fkey(author_id)",
        },
        {
          cardinality: "many-to-many",
          embedding: "book_list with authors",
          relationship:
            "book_translators using book_translators_book_id_fkey(book_id) and book_translators_author_id_fkey(author_id)",
        },
      ],
      hint:
        "Try changing 'authors' to one of the following: 'authors!books_author_id_fkey', 'authors!book_reviewers', " +
        "'authors!book_translators'. Find the desired relationship in the 'details' key.",
    }));
  test("what is not related", () =>
    refuses(books("id, shows(title)"), 400, {
      code: "PGRST200",
      message: "Could not find a relationship between 'books' and 'shows' in the schema cache",
      details:
        "Searched for a foreign key relationship between 'books' and 'shows' in the schema 'api', " +
        "but no matches were found.",
      hint: "Perhaps you meant 'shelf_books' instead of 'shows'.",
    }));
  test("a filter on what was not asked for", () =>
    refuses(books("id").eq("authors.name", "Bo"), 400, {
      code: "PGRST108",
      message: "'authors' is not an embedded resource in this request",
      hint: "Verify that 'authors' is included in the 'select' query parameter.",
    }));
});

describe("who reads", () => {
  test("a table that is not there", () =>
    refuses(api.from("labelz").select(), 404, {
      code: "PGRST205",
      message: "Could not find the table 'api.labelz' in the schema cache",
      hint: "Perhaps you meant the table 'api.labels'",
    }));
  test("a stranger is told to say who it is, somebody is told no", async () => {
    const error = { code: "42501", message: "permission denied for table locked" };
    await refuses(api.from("locked").select(), 401, error);
    await refuses(ann.from("locked").select(), 403, error);
  });
  test("policies say which rows", async () => {
    await finds(api.from("secrets").select("id"), [2, 4]);
    await finds(ann.from("secrets").select("id"), [1, 2, 4]);
  });
  test("grants say which columns", async () => {
    assert.deepEqual(await dataOf(api.from("staff").select("name").order("name")), [{ name: "Ann" }, { name: "Bo" }]);
    const { error, status } = await api.from("staff").select("wage");
    assert.deepEqual([error.code, status], ["42501", 401]);
  });
});
