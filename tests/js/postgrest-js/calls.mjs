// Which methods of the client have been called, as the engine counts it: the client itself is left as it is.
import { readFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";

const MODULE = import.meta.resolve("@supabase/postgrest-js");

const BUILT_IN = new Set([Object.prototype, Error.prototype]);
const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

/** The names of the methods that the instances of a class have, its own and the inherited ones. */
export function methodsOf(type) {
  const names = new Set();
  for (let prototype = type.prototype; !BUILT_IN.has(prototype); prototype = Object.getPrototypeOf(prototype)) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor" && typeof prototype[name] === "function") names.add(name);
    }
  }
  return [...names].sort();
}

/** The methods of these classes that nobody has called since this module was loaded, as `Class.method`. */
export async function neverCalled(types) {
  const source = await readFile(fileURLToPath(MODULE), "utf8");
  const called = await calledOffsets();
  return types.flatMap((type) =>
    methodsOf(type)
      .filter((name) => !called.has(offsetOf(source, type, name)))
      .map((name) => `${type.name}.${name}`),
  );
}

async function calledOffsets() {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const { functions } = result.find((script) => script.url === MODULE);
  const ranges = functions.map((found) => found.ranges[0]);
  return new Set(ranges.filter((range) => range.count > 0).map((range) => range.startOffset));
}

// Several classes have methods of the same text: it is looked for inside the class that has it.
function offsetOf(source, type, name) {
  let owner = type;
  while (!Object.hasOwn(owner.prototype, name)) owner = Object.getPrototypeOf(owner);
  return source.indexOf(owner.prototype[name].toString(), source.indexOf(owner.toString()));
}
