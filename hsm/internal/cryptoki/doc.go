// Package cryptoki is the one door to a PKCS#11 module.
//
// A [Driver] is a loaded module seen through the calls that package hsm makes, and no others. The
// only driver of the running service is [Module], which stands on github.com/miekg/pkcs11. The
// folder is internal to package hsm, so nothing else can reach a token around it; hsm/hsmtest gives
// a software token with faults.
//
// Names are those of PKCS#11 v2.40 without their C_ prefix. Every failure is an [*Error] that says
// which function answered which code, because a code alone doesn't say whose fault it was.
package cryptoki
