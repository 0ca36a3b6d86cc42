// Package hsmtest has what tests of tokens need: the suite that every token must pass, fresh
// SoftHSM2 tokens, and attackers of them. A device with faults to order is in hsmtest/fakedevice.
package hsmtest
