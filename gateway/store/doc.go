// Package store keeps what a gateway must not forget: API keys (their hashes only), usage by key and day, and the incentive of past
// epochs; and, for gateways that share it, the budgets that requests draw from.
//
// Flow: Open takes a file's path (SQLite, for one gateway) or a postgres:// URL (for several) and brings the schema up to date. Both
// speak the same statements and pass the same tests. A Key is made with NewSecret, stored by DB.AddKey and found by DB.KeyByHash
// of what a caller presents; the secret itself is seen once, by whom it is for.
//
// Start at Open and DB.
package store
