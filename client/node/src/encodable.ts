// SPDX-License-Identifier: Apache-2.0

// Refuses a request that cannot be encoded before any attempt. In a call gRPC would end it with INTERNAL, which looks like
// a call that was sent: a payment's outcome would be unknown although nothing left this process.

type Encodes = (value: object) => boolean;

/** Throws a TypeError that names the member, "amount" or "gatewayInfo.card", never its value. `method` is a stub's. */
export function checkEncodable<Q extends object>(method: Function, request: Q): void {
  // Generated clients have the method's definition as properties of the function.
  const { requestSerialize: encode } = method as unknown as { requestSerialize(value: object): unknown };
  const encodes: Encodes = (value) => {
    try {
      encode(value);
      return true;
    } catch {
      return false;
    }
  };
  if (encodes(request)) return;
  throw new TypeError(`${memberThatFails(request, encodes)}: the value cannot be sent: its type or its size is wrong`);
}

/** An empty value of the same type. */
function emptied(member: unknown): unknown {
  if (Array.isArray(member) || member instanceof Uint8Array) return member.slice(0, 0);
  return { number: 0, bigint: 0n, string: "", boolean: false }[typeof member as string];
}

/** The path of the first member that cannot be encoded, with all others empty. */
function memberThatFails(value: object, encodes: Encodes): string {
  const empty = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, emptied(member)]));
  for (const [name, member] of Object.entries(value)) {
    const encodesAlone: Encodes = (part) => encodes({ ...empty, [name]: part });
    if (encodesAlone(member)) continue;
    const nested = typeof member === "object" && member !== null && !Array.isArray(member) && !("$case" in member);
    const path = nested ? memberThatFails(member, encodesAlone) : "";
    return path ? `${name}.${path}` : name;
  }
  return "";
}
