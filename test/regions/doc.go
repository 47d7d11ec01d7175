// Package regions is a wide-area network on one machine: namespaces that stand for regions of the world, joined by a router that
// delays and loses packets. Programs in the namespaces run unchanged, over the kernel's real TCP.
//
// The kernel's own emulator (netem) is a module that many virtual machines lack, so the router is ours: each namespace has a TUN
// device, and every packet that leaves it is dropped with the probability of loss or delivered after half of the round trip.
// It needs root and Linux.
//
// Start at Start; `make regions` runs the measurements of this folder.
package regions
