// Package dataset holds the texts that validators ask about and that the default miners learn from.
//
// A Source is a named text cut into consecutive passages of some kilobytes. Embedded gives two books in the public domain, which
// need no download; Open reads a .txt file, a .jsonl file ({"text": "..."} a line) or a folder of them. SplitOf assigns every
// passage, by its number alone, to one of three splits: Training (for miners), Reference (for the validators' reference model)
// and HeldOut (what validators ask about), so no held-out passage is ever in anyone's training text. Text joins a split's
// passages; a Drawer draws random items from the held-out ones: a context and its hidden continuation of 16 bytes. Drawer.Shard
// narrows that to a small part that all who have the text share for a while, chosen by a beacon.
//
// Everybody who has this repository has the embedded text, held-out passages included, and can learn it by heart. It is fit for a
// local network and for tests; a network with real money at stake needs fresh text of the validator's own (Open).
//
// Start at Embedded and NewDrawer. Parquet files are not read yet: Open says so.
package dataset
