// `URL` and `URLSearchParams`: the reference implementation of the WHATWG standard, without the tables of international host
// names (./url-needs.ts). The gate of `whatwg-url`.
export { URL, URLSearchParams } from 'whatwg-url';
