// Package publickey is the public half of key pairs: how a device gives it and how it is kept,
// which is DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
//
// All numbers here may be known to anybody. No token is asked: what needs the private half is in
// package object.
package publickey
