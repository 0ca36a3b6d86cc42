// Package export writes the trail as CloudTrail delivers it into a bucket: log files of records,
// gzipped, and each hour a digest file of what was written in it. A digest names the one before it
// with its hash and signature, and is signed by a key of the token, so that who holds the newest
// digest and the public key knows of each file that is missing or was changed
// ("CloudTrail log file integrity validation" of AWS's user guide). `aws cloudtrail validate-logs`
// reads it.
//
// # Files
//
// All is written below one directory, under the names that the objects of a bucket have. Bucket
// and names are signed, so the files go into that bucket and nowhere else. What AWS keeps as
// metadata of a digest's object, its signature, is in a file beside it that ends in [Metadata].
//
// # Again and again
//
// An export goes on where the last one ended, by the state that it keeps in the directory. What is
// written follows from the trail alone: names of log files from what is in them, and the signature
// (PKCS #1 v1.5) from what is signed. So one that is cut off writes the same files once more, and
// none beside them.
//
// A record belongs to the hour in which it was committed. A clock that was set back makes no hour
// come twice: records of that time are in the hour that is open.
package export
