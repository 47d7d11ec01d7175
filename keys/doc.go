// Package keys holds keys: mnemonics, signatures, addresses and the files that wallets lie in.
//
// A coldkey holds TAO and signs rarely; a hotkey runs a neuron and holds nothing. Both are secp256k1 keys used as Ethereum does: the
// address is the end of the keccak256 hash of the public key, transactions are signed over keccak256 of their sign bytes, and the
// derivation path is m/44'/60'/0'/0/i, so that the same words open the same accounts in other wallets. On the chain these are the
// eth_secp256k1 keys of cosmos/evm; their encoding is written here by hand, because importing that module would bring an EVM along.
//
// The way of a key: NewMnemonic or ParseMnemonic, Mnemonic.Derive, then Store.CreateColdkey or Store.CreateHotkey; later
// Store.Coldkey or Store.Hotkey, and PrivateKey.SignTx or PrivateKey.Sign. Secrets print as "[redacted]" wherever they end up; Reveal and
// PrivateKey.Bytes give them on purpose. Passwords come from the caller: nothing here asks at a terminal.
//
// Start at Store.
package keys
