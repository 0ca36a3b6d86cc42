package domain

import "strings"

// ARN is an Amazon Resource Name in its parts. There is one partition here, aws.
type ARN struct {
	Service  string // kms
	Region   string
	Account  string
	Resource string // key/1234..., secret:prod/db-AbCdEf
}

// String returns the name as AWS writes it.
func (a ARN) String() string {
	return "arn:aws:" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// IsAccount reports whether text has the form of an account's number: 12 digits.
func IsAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}

// ParseARN reads an ARN of the partition aws. ok is false for whatever else it is: a name that only
// begins with arn:, too few parts, another partition, nothing behind the last colon.
func ParseARN(text string) (a ARN, ok bool) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[5] == "" {
		return ARN{}, false
	}
	return ARN{Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}, true
}
