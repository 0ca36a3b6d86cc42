package op

import (
	"slices"
	"strings"

	"claviger/internal/fault"
)

// Failure is an error as callers know it: what AWS calls it is the key of the table that it is in.
// The texts are for documents, and put code in backquotes.
type Failure struct {
	Kinds []fault.Kind // they decide the status; several where AWS has one name for all of them
	When  string       // what has happened
	Do    string       // what to do about it
}

// Failures are errors by AWS's names.
type Failures map[string]Failure

// Answers says for each operation of a service which of the service's [Failures] it may answer,
// the names with blanks between. What every operation may answer is in [Common].
type Answers map[string]string

// Of returns the errors of an operation's own.
func (a Answers) Of(operation string) []string { return strings.Fields(a[operation]) }

// Refused are members (XksKeyId) and values of members (KeySpec=SM2) that AWS has and that a
// service refuses in requests, whatever else they say: the errors by member or value.
type Refused map[string]string

// Common are the errors of every service. The services of AWS query call some of them otherwise:
// [Service.Named].
var Common = Failures{
	"SerializationException": Fails(
		"the body is not JSON, or a member has the wrong type, stands twice, or is not "+
			"base64 where it should be",
		"correct the document", fault.Invalid),
	"ValidationException": Fails(
		"constraints are broken; at most ten are listed, in AWS's sentences. Also what "+
			"AWS says in free text",
		"correct the members that the text names", fault.Invalid),
	"UnknownOperationException": Fails(
		"no such operation, or the wrong content type; also what AWS has and this "+
			"service [has not](compatibility.md). REST: 404 where no resource is, 405 "+
			"for a method that it does not take",
		"the text says what there is instead", fault.Invalid),
	"UnsupportedMediaTypeException": Fails(
		"REST, 415: the body says that it is something else than JSON",
		"send `Content-Type: application/json`", fault.Invalid),
	"NotAcceptableException": Fails(
		"REST, 406: `Accept` leaves JSON out",
		"accept `application/json`", fault.Invalid),
	"MissingAuthenticationTokenException": Fails(
		"there is no signature",
		"sign the request with Signature Version 4", fault.Unauthenticated),
	"IncompleteSignatureException": Fails(
		"a part of the signature is missing or can't be read",
		"look at what the text names", fault.Unauthenticated),
	"InvalidSignatureException": Fails(
		"the signature doesn't fit, is for another service or Region, or is older or "+
			"newer than five minutes",
		"look at the secret, the Region, the service's name and the clock", fault.Unauthenticated),
	"UnrecognizedClientException": Fails(
		"there is no such access key, or its session token is missing, not its own or of somebody "+
			"who is gone",
		"use an access key of this installation, with its session token if it has one",
		fault.Unauthenticated),
	"ExpiredTokenException": Fails(
		"the session is over, by its time or because it was revoked",
		"start another", fault.Unauthenticated),
	"AccessDeniedException": Fails(
		"the caller may not do this, or it is somebody else's account",
		"have the action of the text allowed, or ask as somebody else", fault.Denied),
	"ThrottlingException": Fails(
		"the caller has too much in progress, too many RSA keys in the making or too many "+
			"requests that wait ([limits](operating.md#limits)); or others were changing the same thing "+
			"until the request's time was over",
		"try again after a pause that grows", fault.Throttled, fault.Conflict),
	"RequestEntityTooLargeException": Fails(
		"the body has more than 128 KiB, or than 1 MiB where it carries a secret's value or a policy",
		"send less at a time", fault.TooLarge),
}

// Fails describes an error: when it comes, and what to do about it.
func Fails(when, do string, kinds ...fault.Kind) Failure {
	return Failure{Kinds: kinds, When: when, Do: do}
}

// Named returns what a service calls an error that all have.
func (s *Service) Named(common string) string {
	f := Common[common]
	return s.Code(fault.New(f.Kinds[0], common, ""))
}

// Failing returns the errors that are a service's own way to say that it is at fault, can't work
// just now, or doesn't know what came of a request. Many services have one name for two of these.
func (s *Service) Failing() Failures {
	all := Failures{}
	for _, f := range []Failure{
		Fails("the token or the disk can't answer just now",
			"try again after a pause that grows", fault.Unavailable),
		Fails("the service failed; its log says why",
			"try again a few times, and give the request's id to the operator", fault.Internal),
		Fails("the disk hangs, and nobody knows whether the request was performed",
			"look, or send the same request again", fault.Uncertain),
	} {
		code := s.Code(fault.New(f.Kinds[0], "", ""))
		if same, ok := all[code]; ok {
			f = Fails(same.When+"; or "+f.When, same.Do, append(same.Kinds, f.Kinds...)...)
		}
		all[code] = f
	}
	return all
}

// Fails returns what an error of one of a service's operations may be, or nothing for an error that
// nobody has said it may answer.
func (s *Service) Fails(operation, code string) []fault.Kind {
	if f, ok := s.Failing()[code]; ok {
		return f.Kinds
	}
	for name, f := range Common {
		if s.Named(name) == code {
			return f.Kinds
		}
	}
	if slices.Contains(s.Answers.Of(operation), code) {
		return s.Failures[code].Kinds
	}
	return nil
}
