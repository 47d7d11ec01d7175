// Package cli is the command line of gotensor: one file a command, rendering apart (render.go, table.go), so that what a command
// does can be read without how it looks.
//
// Main parses, runs and turns the error into an exit code. Every command has --output json, asks nothing off a terminal, and
// says in an error what to do next. Exit codes: 0 done, 1 unexpected, 2 usage, 3 try again later, 4 refused by the chain,
// 5 not found.
//
// Start at Main; the tree of commands is in root.go.
package cli
