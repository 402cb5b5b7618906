/** A value as it is after its way through JSON: dates are texts. */
type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T

/** Gives a value that is about to become JSON the type that its reader has for it. */
export const json = <T>(value: T): Json<T> => value as Json<T>
