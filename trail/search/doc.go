// Package search finds records of the trail by what they say: an index beside the database, kept by
// who follows the trail and never by a request.
//
// # What it is made of
//
// The index is derived data: all that it says is in the trail, and what is lost of it is made anew.
// So nothing of it is synced, and each file has checksums instead. It is a directory of segments. A
// segment is about an aligned range of record numbers, never changes, and has for the hash of each
// value that a record in it has (an event's name, an access key, a pair of an encryption context)
// the numbers of the records that have it. 4,096 records make a segment, 16 segments are merged to
// one of the next level, and the largest are about 1,048,576. So there is little to look into, and
// each record is written three times. What isn't enough for a segment yet is in memory.
//
// The account and the Region are a part of each hash, so that a lookup reads of nobody else. A hash
// may be that of several values: every record that is found is compared with what was asked for.
//
// # What isn't indexed yet
//
// A lookup sees every record that was committed when it began. What no segment is about is read
// from the trail, up to a number of records a page, and then the page is short and has a next one.
//
// # Where to read
//
// record.go takes apart a record, attribute.go is what can be asked, block.go and merge.go make
// segments, segment.go is the file, cursor.go reads in it, find.go is a lookup, and index.go and
// keep.go keep the whole up to date.
package search
