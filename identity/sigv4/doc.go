// Package sigv4 verifies AWS Signature Version 4, the way a service does it: it rebuilds the
// request as it was received, signs it again and compares. The rules are those of the IAM User
// Guide, "Create a signed AWS API request"; the order of checks and the texts are those that AWS's
// JSON services answer with.
//
// # Two steps
//
// [Parse] finds the signature, in the Authorization header or in a presigned query, and checks
// everything that needs no secret: presence, form, time, host, algorithm, scope. It tells which
// access key is claimed. The caller finds that key and its signing key ([DeriveKey], worth caching:
// it is good for one day, Region and service), and [Presented.Verify] does the rest over the body
// as received. Nothing here reads a clock, a file or the network.
//
// # What is stricter than AWS, and why
//
//   - Every header whose name begins with x-amz- must be signed, because such headers choose the
//     operation. Two are exempt: X-Amz-Security-Token, which older clients add after signing and
//     which is checked against the access key anyway, and X-Amz-User-Agent, which means nothing. A
//     presigned request with an X-Amz-Date header is refused, too.
//   - The names in SignedHeaders are lower case and strictly ascending, and each named header is
//     present: an absent header and an empty one would sign alike.
//   - A parameter of the signature stands once. AWS takes the last.
//   - UNSIGNED-PAYLOAD is refused unless [Rules] allow it, and then only for presigned requests:
//     the holder of such a URL chooses the body.
//   - A query with a malformed escape or a bare semicolon is refused: [net/url] drops such
//     parameters silently, so what was signed would not be what is read.
//   - Header and query have a greatest length, and lists a greatest count, so that an unknown
//     caller costs little. All work is linear in what was sent, but for sorting at most 512
//     parameters.
//
// # Paths
//
// AWS SDKs sign the path encoded once more than it was sent, curl signs it as sent. Both are
// accepted. They can't be confused with each other: a path that contains an escaped percent sign is
// accepted only in the first form, and without one both forms of a signature name the same path.
// Protocols that read nothing from the path may also accept it normalised, which is how AWS's own
// JSON services read it; see [Rules].
package sigv4
