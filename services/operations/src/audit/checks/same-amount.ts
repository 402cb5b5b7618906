/** Exact decimals that name the same amount, however many zeros they end in: 10.5 and 10.5000. */
export function sameAmount(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && canonical(a) === canonical(b)
}

function canonical(amount: string): string {
  return amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount
}
