package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/secrets/filter"
	"claviger/secrets/model"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
)

// BatchGetSecretValueInput names up to 20 secrets, in any form, or says what they are like and gets
// them page by page.
type BatchGetSecretValueInput struct {
	SecretIdList []string        `shape:"SecretIdListType"` // excludes Filters
	Filters      []filter.Filter `shape:"FiltersListType"`
	MaxResults   *int32          `shape:"MaxResultsBatchType"` // 1 to 20, with Filters only; absent: 20
	NextToken    *string         `shape:"NextTokenType"`
}

var (
	errBothChoices = smfault.InvalidParameter(
		"Either 'SecretIdList' or 'Filters' must be provided, " +
			"but not both.",
	)
	errNoChoice  = smfault.InvalidParameter("Either 'SecretIdList' or 'Filters' must be provided.")
	errNoFilters = smfault.InvalidParameter(
		"'Filters' not specified. 'Filters' must also be specified " +
			"when 'MaxResults' is provided.",
	)
)

// Validate checks what members say together.
func (in BatchGetSecretValueInput) Validate() error {
	switch {
	case len(in.SecretIdList) > 0 && len(in.Filters) > 0:
		return errBothChoices
	case len(in.SecretIdList) == 0 && len(in.Filters) == 0:
		return errNoChoice
	case len(in.Filters) == 0 && (in.MaxResults != nil || in.NextToken != nil):
		return errNoFilters
	}
	return filter.Check(in.Filters)
}

// BatchGetSecretValueOutput has each secret either among the values, in the order asked for, or
// among the errors.
type BatchGetSecretValueOutput struct {
	SecretValues []GetSecretValueOutput
	NextToken    string `json:",omitzero"`
	Errors       []APIError
}

// APIError says why one secret of a batch is not in it.
type APIError struct{ SecretId, ErrorCode, Message string }

// findBatch demands the right to ask at all. Whoever lets filters choose must also be allowed to
// list. For each value its own right is demanded when it is read.
func (s *Secrets) findBatch(_ *op.Call, in BatchGetSecretValueInput) (domain.Account, error) {
	if len(in.Filters) > 0 {
		return domain.OnAccount(target.Action("BatchGetSecretValue"), target.Action("ListSecrets")), nil
	}
	return domain.OnAccount(target.Action("BatchGetSecretValue")), nil
}

// maxBatch is AWS's limit of a batch, and what it returns when no less is asked for.
const maxBatch = 20

// batchGetSecretValue asks for one value after the other as the same caller, so that each is
// authorized and recorded as if it had been asked for alone.
func (s *Secrets) batchGetSecretValue(c *op.Call, in BatchGetSecretValueInput,
	_ domain.Account) (out BatchGetSecretValueOutput, err error) {
	out.SecretValues, out.Errors = []GetSecretValueOutput{}, []APIError{}
	ids := in.SecretIdList
	if len(in.Filters) > 0 {
		if ids, out.NextToken, err = s.filtered(c, in); err != nil {
			return out, err
		}
	}
	for _, id := range ids {
		v, err := op.Ask(c, "", s.getValue, GetSecretValueInput{SecretId: id})
		switch f := fault.Of(err); {
		case f == nil:
			out.SecretValues = append(out.SecretValues, v)
		case f.Kind == fault.Internal || f.Kind == fault.Unavailable ||
			f.Kind == fault.Uncertain:
			return out, err // not this secret's fault: the caller must try again, the log tell why
		default:
			out.Errors = append(out.Errors,
				APIError{SecretId: id, ErrorCode: model.SecretsManager.Code(f), Message: f.Message})
		}
	}
	return out, nil
}

// filtered returns the ARNs of a page of secrets that pass the filters.
func (s *Secrets) filtered(c *op.Call, in BatchGetSecretValueInput) (ids []string, next string,
	err error) {
	l := listing{Order: secretrows.Order{By: model.ByCreated}, filters: in.Filters}
	size := int(domain.Or(in.MaxResults, maxBatch))
	p, after, err := s.page(c, "BatchGetSecretValue", l.String(), size, in.NextToken, l.start())
	if err != nil {
		return nil, "", err
	}
	rows, next, err := s.list(c, l, p, after)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		ids = append(ids, r.ARN())
	}
	return ids, next, nil
}
