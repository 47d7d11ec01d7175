// Amounts are whole numbers of rao (1 TAO = 10^9 rao) or of the bank's atao (1 TAO = 10^18 atao) and stay bigint until they are printed.

const narrow = '\u202F' // between groups of digits, and before a unit

function group(digits: string): string {
  return digits.length <= 4 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, narrow)
}

// places prints n / 10^scale with at most `most` digits after the point, cut off, never rounded up: nobody is shown more than there is.
function places(n: bigint, scale: number, most: number): string {
  const sign = n < 0n ? '−' : ''
  const digits = (n < 0n ? -n : n).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, -scale)
  const part = digits.slice(-scale).slice(0, most).replace(/0+$/, '')
  if (whole === '0' && part === '' && n !== 0n) return `< ${most === 0 ? '1' : `0.${'0'.repeat(most - 1)}1`}`
  return sign + group(whole) + (part === '' ? '' : `.${part}`)
}

// tao prints an amount of rao in TAO, without the unit.
export function tao(rao: bigint, most = 4): string {
  return places(rao, 9, most)
}

// taoOfAtao does the same for atao.
export function taoOfAtao(atao: bigint, most = 4): string {
  return places(atao, 18, most)
}

// count prints a whole number with its digits in groups.
export function count(n: number | bigint): string {
  return group(n.toString())
}

// share is a fraction of 65535 as the chain keeps it, in 0..1.
export function share(u16: number): number {
  return u16 / 65535
}

// percent prints a fraction 0..1.
export function percent(x: number): string {
  const p = x * 100
  if (p === 0) return `0${narrow}%`
  if (p < 0.01) return `< 0.01${narrow}%`
  return `${p >= 99.95 ? p.toFixed(0) : p.toFixed(p < 10 ? 2 : 1)}${narrow}%`
}

// millis prints a time; 0 or less was not measured.
export function millis(ms: number): string {
  if (!(ms > 0)) return '–'
  if (ms < 10) return `${ms.toFixed(1)}${narrow}ms`
  if (ms < 1000) return `${Math.round(ms)}${narrow}ms`
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)}${narrow}s`
}

// ago prints an age.
export function ago(ms: number): string {
  const s = Math.max(0, ms) / 1000
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s ago`
  if (s < 3600) return `${Math.round(s / 60)} min ago`
  if (s < 86_400) return `${Math.round(s / 3600)} h ago`
  return `${Math.round(s / 86_400)} days ago`
}

// short leaves the ends of an address.
export function short(address: string): string {
  return address.length <= 16 ? address : `${address.slice(0, 8)}…${address.slice(-5)}`
}
