// Package policies is the parameter policies of advanced parameters: Expiration,
// ExpirationNotification and NoChangeNotification. It reads the text of PutParameter, and it knows
// what is due when: there is no clock in here, and moments follow from the texts and from those
// that a caller names.
//
// Sources are the user guide's page on parameter policies and texts of errors that people were
// answered. Where both are silent, the comment at the rule says what was decided.
package policies

import "time"

// Type is what a policy is for, in AWS's words.
type Type string

// The types of AWS.
const (
	// Expiration deletes the parameter with all its versions at a moment, which new versions don't
	// move.
	Expiration Type = "Expiration"
	// ExpirationNotification tells of that some days or hours before.
	ExpirationNotification Type = "ExpirationNotification"
	// NoChangeNotification tells that there was no new version for some days or hours. Each new
	// version begins that time anew.
	NoChangeNotification Type = "NoChangeNotification"
)

// Status is how far a policy is, in AWS's words.
type Status string

// The states of AWS.
const (
	Pending    Status = "Pending"    // its time has not come
	InProgress Status = "InProgress" // its time has come; never stored
	Finished   Status = "Finished"   // it was acted on
	Failed     Status = "Failed"     // acting on it failed, and will be tried again
)

// Policy is one policy as it rests in the row of its parameter.
type Policy struct {
	Type   Type   `json:"type"`
	Text   string `json:"text"` // its object as it was given, white space included
	Status Status `json:"status"`
	// Created is when it was attached; events name it.
	Created time.Time `json:"created"`
	// Acted is when it was last acted on, with or without success; zero: never.
	Acted time.Time `json:"acted,omitzero"`
}

// Set is the policies of one parameter, in the order in which they were given. It rests as JSON.
type Set []Policy

// ParameterInlinePolicy is a policy as DescribeParameters and GetParameterHistory show it.
type ParameterInlinePolicy struct {
	PolicyText   string // its object as it was given
	PolicyType   string // Expiration, ExpirationNotification or NoChangeNotification
	PolicyStatus string // Pending, InProgress, Finished or Failed
}

// Answers returns the policies as they are shown at a moment, of a parameter that was last modified
// at another. A set without any is an empty list, as AWS answers it.
//
// A policy whose time has come is InProgress until it was acted on. A NoChangeNotification that was
// sent is Pending again once there is a new version.
func (s Set) Answers(now, modified time.Time) ([]ParameterInlinePolicy, error) {
	open, err := s.open(modified)
	if err != nil {
		return nil, err
	}
	answers := make([]ParameterInlinePolicy, len(s))
	for i, p := range s {
		status := Pending
		if p.Status == Finished {
			status = Finished
		}
		answers[i] = ParameterInlinePolicy{
			PolicyText: p.Text, PolicyType: string(p.Type), PolicyStatus: string(status)}
	}
	for _, a := range open {
		answers[a.index].PolicyStatus = string(a.status(now))
	}
	return answers, nil
}
