package remote

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"claviger/cmd/claviger/params/plan"
	"claviger/parameters/parameter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
)

// Below returns all parameters below a path, in order of their names. Without decrypt the values of
// SecureStrings are left out.
func (c *Client) Below(ctx context.Context, path string, decrypt bool) (all []plan.Current,
	err error) {
	pages := ssm.NewGetParametersByPathPaginator(c.ssm, &ssm.GetParametersByPathInput{Path: &path,
		Recursive: aws.Bool(true), WithDecryption: &decrypt})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, func(o *ssm.Options) {
			if all == nil {
				o.RetryMaxAttempts = first
			}
		})
		if err != nil {
			return nil, err
		}
		for _, p := range page.Parameters {
			name := parameter.Canonical(aws.ToString(p.Name))
			if !plan.IsName(name) {
				return nil, fmt.Errorf("%w: %.80q", errName, name)
			}
			one := plan.Current{Name: name, Type: string(p.Type),
				Value: aws.ToString(p.Value), DataType: aws.ToString(p.DataType)}
			if one.Type == parameter.SecureString && !decrypt {
				one.Value, one.Closed = "", true
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// errName keeps what could be read otherwise by a terminal or as .env out of both.
var errName = errors.New("what answers calls a parameter as none can be called")

// Details returns those of all parameters below a path, by name.
func (c *Client) Details(ctx context.Context, path string) (map[string]*plan.Details, error) {
	all := map[string]*plan.Details{}
	pages := ssm.NewDescribeParametersPaginator(c.ssm, &ssm.DescribeParametersInput{
		MaxResults: aws.Int32(50), ParameterFilters: []types.ParameterStringFilter{{
			Key: aws.String("Path"), Option: aws.String("Recursive"), Values: []string{path}}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.Parameters {
			all[parameter.Canonical(aws.ToString(p.Name))] = &plan.Details{KeyID: aws.ToString(p.KeyId),
				Tier: string(p.Tier)}
		}
	}
	return all, nil
}

// tierSetting is the account's setting of the tier that a new parameter has if none is said.
const tierSetting = "/ssm/parameter-store/default-parameter-tier"

// DefaultTier returns the tier of a new parameter for which none is said.
func (c *Client) DefaultTier(ctx context.Context) (string, error) {
	out, err := c.ssm.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{
		SettingId: aws.String(tierSetting)})
	if err != nil || out.ServiceSetting == nil {
		return "", err
	}
	return aws.ToString(out.ServiceSetting.SettingValue), nil
}

// Put does what a step says of one parameter, in a tier or, if that is empty, in the one that it
// has.
func (c *Client) Put(ctx context.Context, s *plan.Step, tier string) error {
	in := &ssm.PutParameterInput{Name: &s.Name, Value: &s.Value, Type: types.ParameterType(s.Type),
		Tier: types.ParameterTier(tier)}
	if s.Action == plan.Change {
		in.Overwrite = aws.Bool(true)
	}
	if s.KeyID != "" {
		in.KeyId = &s.KeyID
	}
	// AWS takes a new version for a text unless it is told.
	if s.DataType != "" && s.DataType != parameter.Text {
		in.DataType = &s.DataType
	}
	_, err := c.ssm.PutParameter(ctx, in)
	return err
}

// AtOnce is how many parameters [Client.Delete] takes at most.
const AtOnce = 10

// Delete deletes parameters. One that is gone already is no error.
func (c *Client) Delete(ctx context.Context, names []string) error {
	_, err := c.ssm.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: names})
	return err
}

// Closed reports whether an error is that a value may not or can't be decrypted, or that something
// else is denied.
func Closed(err error) bool {
	refused := smithy.APIError(nil)
	return errors.As(err, &refused) && (refused.ErrorCode() == "AccessDeniedException" ||
		refused.ErrorCode() == "InvalidKeyId")
}

// Unclear reports whether it may have been done in spite of an error: there was no answer, or one
// of somebody who doesn't know. What is there already may have been made by a request whose
// answer was lost, so that the SDK sent it again.
func Unclear(err error) bool {
	refused := smithy.APIError(nil)
	return !errors.As(err, &refused) || refused.ErrorFault() == smithy.FaultServer ||
		refused.ErrorCode() == "ParameterAlreadyExists"
}

// Said is what an error says: where the service refused, its own words.
func Said(err error) string {
	refused, unanswered := smithy.APIError(nil), (*url.Error)(nil)
	switch {
	case errors.As(err, &refused):
		return strings.TrimSuffix(refused.ErrorCode()+": "+refused.ErrorMessage(), ": ")
	case errors.As(err, &unanswered):
		return fmt.Sprintf("no answer from %s: %v", unanswered.URL, unanswered.Err)
	}
	return err.Error()
}
