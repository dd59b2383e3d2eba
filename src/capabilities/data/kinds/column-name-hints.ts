/** What a column's name says about its content, in English and Chinese. */

const words = (name: string): string[] =>
  name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");

const ID_WORDS = new Set([
  "id",
  "ids",
  "uuid",
  "guid",
  "key",
  "pk",
  "pid",
  "oid",
  "uid",
  "ssn",
  "isbn",
  "sku",
]);
const ID_COUNTERS = new Set([
  "number",
  "no",
  "nr",
  "num",
  "index",
  "idx",
  "rownum",
  "rownames",
  "order",
  "serial",
]);
const ID_CHINESE = /(编号|序号|学号|工号|卡号|单号|证号|账号|帐号|流水号|主键|标识)$/;

/** `customer_id`, `orderId`, `uuid`, 编号. */
export function saysId(name: string): boolean {
  return (
    words(name).some((word) => ID_WORDS.has(word)) ||
    ID_CHINESE.test(name.trim()) ||
    (/^id/i.test(name) && /id$/i.test(name))
  );
}

/** `EmployeeNumber`, `Order`, `Unnamed: 0`, `column1`: an id if its values are one. */
export function saysCounter(name: string): boolean {
  const last = words(name).at(-1);
  return last === undefined || ID_COUNTERS.has(last) || /^(unnamed|column ?1$|row|x$)/i.test(name);
}

const TIME_WORDS = new Set([
  ...[
    "date",
    "time",
    "timestamp",
    "datetime",
    "day",
    "at",
    "on",
    "ts",
    "epoch",
    "created",
    "updated",
    "modified",
  ],
  ...["when", "dob", "birthday", "expires", "expiry", "since", "until", "start", "end"],
]);

export function saysTime(name: string): boolean {
  return (
    words(name).some((word) => TIME_WORDS.has(word)) ||
    /(日期|时间|时刻|日|生日)$/.test(name.trim()) ||
    /(date|time)$/i.test(name)
  );
}
