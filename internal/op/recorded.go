package op

import (
	"fmt"
	"reflect"
	"strings"

	"claviger/internal/shape"
)

// Records is how CloudTrail writes down what is done with a service.
type Records struct {
	Dates string // the layout, of package time, of dates in parameters and answers
	Type  string // of all resources: AWS::KMS::Key; empty: CloudTrail says none

	// By is who does what the service does unasked: AWS Internal. Its events are no part of a
	// request. Empty: the service by its source, and they have the id of the request.
	By string

	// Errors are those that CloudTrail calls by the name of their shape, where the wire leaves out the
	// Exception at its end.
	Errors string

	// Operations has a row for each, those too that only the service itself performs: without its row
	// none is made. A service without any rows is none of AWS's.
	Operations map[string]Recorded
}

// IsRead reports whether CloudTrail takes an operation for one that reads.
func (r *Records) IsRead(n Info) bool {
	row := r.Operations[n.Name]
	return (n.ReadOnly || row.Reads) && !row.Writes && !row.Event
}

// Recorded is what CloudTrail's record of one operation holds. The zero value is the record of most
// reads: the parameters as they were sent, no answer and no resources. Members are named as on the
// wire, with blanks between.
//
// Blobs, what is sensitive by its shape, and the secrets of answers are in no record whatever a row
// says; session tokens are hidden in each.
type Recorded struct {
	NoParameters bool   // requestParameters is null
	IfAllowed    bool   // it is null for who is refused, and so are the resources
	Left         string // members of the request that are left out
	Hidden       string // members of the request whose values are hidden

	// Default has the values of members that were not sent, each as Member=JSON, or where another
	// member may have it as Member=$Other|JSON.
	Default string

	Answer  string // the members of the answer in responseElements; empty: it is null
	ARNAs   string // how responseElements calls the ARN of what was changed, answered or not
	Touched Touched

	// Named has what CloudTrail calls members of the request otherwise, each as Member=name.
	Named string

	// Reads and Writes are what CloudTrail says of an operation that does the other here.
	Reads, Writes bool

	// Event says that the operation is the service's own doing: its record is one of CloudTrail's
	// service events.
	Event bool
}

// Touched says what of the demands of an operation are CloudTrail's resources. What isn't is in
// additionalEventData as resourceARNs.
type Touched int

const (
	Nothing Touched = iota // there is no list
	Listed                 // what was demanded; an empty list if that is nothing
)

// recording is a row of the table made ready for the types of an operation.
type recording struct {
	Recorded
	source     string // of the event
	readOnly   bool
	parameters *shape.Recording // nil: there are none
	answer     *shape.Recording // nil: it is not recorded
}

// record makes the row of an operation ready. That there is none is a mistake in the program.
func (n *Info) record() *recording {
	all := &n.Service.Records
	row, ok := all.Operations[n.Name]
	if !ok && all.Operations != nil {
		panic("op: " + n.Service.Name + " doesn't say how CloudTrail records " + n.Name)
	}
	r := &recording{Recorded: row, source: n.Service.Source(), readOnly: all.IsRead(*n)}
	if !row.NoParameters {
		r.parameters = n.Service.Shapes.Recording(n.In, shape.Form{Dates: all.Dates,
			Left: fieldsOf(n.In, row.Left), Hidden: fieldsOf(n.In, row.Hidden),
			Default: pairs(n.In, row.Default), Named: pairs(n.In, row.Named)})
	}
	if kept := fieldsOf(n.Out, row.Answer); kept != nil {
		r.answer = n.Service.Shapes.Recording(n.Out, shape.Form{Dates: all.Dates, Answer: true,
			Only: kept})
	}
	return r
}

// fieldsOf returns the names that a type has. An operation that the service performs itself takes
// and answers less than the one whose name it has.
func fieldsOf(typ reflect.Type, names string) (out []string) {
	for name := range strings.FieldsSeq(names) {
		if _, ok := typ.FieldByName(name); ok {
			out = append(out, name)
		}
	}
	return out
}

func pairs(typ reflect.Type, rows string) map[string]string {
	out := map[string]string{}
	for row := range strings.FieldsSeq(rows) {
		name, value, ok := strings.Cut(row, "=")
		if !ok {
			panic(fmt.Sprintf("op: %q says nothing of a member", row))
		}
		if _, ok := typ.FieldByName(name); ok {
			out[name] = value
		}
	}
	return out
}
