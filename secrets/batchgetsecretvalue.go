package secrets

import (
	"claviger/internal/fault"
	"claviger/internal/op"
)

// BatchGetSecretValueInput is BatchGetSecretValueRequest of AWS: up to 20 secrets by id, or by what they are like and
// then page by page.
type BatchGetSecretValueInput struct {
	SecretIdList []string `shape:"SecretIdListType"` // up to 20, in any form; excludes Filters
	Filters      []Filter `shape:"FiltersListType"`
	MaxResults   *int32   `shape:"MaxResultsBatchType"` // 1 to 20, with Filters only; absent: 20
	NextToken    *string  `shape:"NextTokenType"`
}

// Validate checks what members say together.
func (in BatchGetSecretValueInput) Validate() error {
	switch {
	case len(in.SecretIdList) > 0 && len(in.Filters) > 0:
		return invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case len(in.SecretIdList) == 0 && len(in.Filters) == 0:
		return invalidParameter("Either 'SecretIdList' or 'Filters' must be provided.")
	case len(in.Filters) == 0 && (in.MaxResults != nil || in.NextToken != nil):
		return invalidParameter("'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	}
	return checkFilters(in.Filters)
}

// BatchGetSecretValueOutput is BatchGetSecretValueResponse of AWS. A secret is either among the values, in the order
// asked for, or among the errors.
type BatchGetSecretValueOutput struct {
	SecretValues []GetSecretValueOutput
	NextToken    string `json:",omitzero"`
	Errors       []APIError
}

// APIError is APIErrorType of AWS: why one secret of a batch is not in it.
type APIError struct{ SecretId, ErrorCode, Message string }

// findBatch demands the right to ask at all; whoever lets filters choose must also be allowed to list. For each
// value its own right is demanded when it is read.
func (s *Secrets) findBatch(_ *op.Call, in BatchGetSecretValueInput) (account, error) {
	if len(in.Filters) > 0 {
		return account{[]string{"BatchGetSecretValue", "ListSecrets"}}, nil
	}
	return account{[]string{"BatchGetSecretValue"}}, nil
}

// mostValues is AWS's limit of a batch, and what it returns when no less is asked for.
const mostValues = 20

// batchGetSecretValue asks for one value after the other as the same caller, so that each is authorized and recorded
// as if it had been asked for alone.
func (s *Secrets) batchGetSecretValue(c *op.Call, in BatchGetSecretValueInput, _ account) (out BatchGetSecretValueOutput, err error) {
	out.SecretValues, out.Errors = []GetSecretValueOutput{}, []APIError{}
	ids := in.SecretIdList
	if len(in.Filters) > 0 {
		if ids, out.NextToken, err = s.chosen(c, in); err != nil {
			return out, err
		}
	}
	for _, id := range ids {
		v, err := op.Ask(c, "", s.get, GetSecretValueInput{SecretId: id})
		switch f := fault.Of(err); {
		case f == nil:
			out.SecretValues = append(out.SecretValues, v)
		case f.Kind == fault.Internal || f.Kind == fault.Unavailable:
			return out, err // not this secret's fault: the caller must try again, and the log must tell why
		default:
			out.Errors = append(out.Errors, APIError{id, SecretsManager.Code(f), f.Message})
		}
	}
	return out, nil
}

// chosen returns the ARNs of a page of secrets that pass the filters.
func (s *Secrets) chosen(c *op.Call, in BatchGetSecretValueInput) (ids []string, next string, err error) {
	l := listing{by: byCreated, filters: in.Filters}
	p, err := s.page(c, "BatchGetSecretValue", l.String(), int(or(in.MaxResults, mostValues)), in.NextToken)
	if err != nil {
		return nil, "", err
	}
	rows, next, err := s.list(c, l, p)
	for _, r := range rows {
		ids = append(ids, r.ARN())
	}
	return ids, next, err
}
