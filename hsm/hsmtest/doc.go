// Package hsmtest has what tests of tokens need: the suite that every token must pass, a software
// token with faults, and fresh SoftHSM2 tokens.
package hsmtest
