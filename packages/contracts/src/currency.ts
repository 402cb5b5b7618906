/** Active ISO 4217 codes with two decimals. Metals, bond units and test codes are left out: nobody pays with them. */
const twoDecimals =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP ' +
  'COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
  'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN ' +
  'NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL ' +
  'THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG'

const others: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const decimals = new Map<string, number>(twoDecimals.split(' ').map((code) => [code, 2]))
for (const [count, codes] of Object.entries(others)) {
  for (const code of codes.split(' ')) decimals.set(code, Number(count))
}

/** Every currency an order may be paid in. */
export const currencies: readonly string[] = [...decimals.keys()].toSorted()

/** How many decimals the currency's amounts have, or undefined for a code that is none of ISO 4217's active ones. */
export function decimalsOf(currency: string): number | undefined {
  return decimals.get(currency)
}

/** ISO 4217: no currency is involved. */
export const noCurrency = 'XXX'
