package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// pageSize is how many topics or subscriptions a page has.
const pageSize = 100

// ListTopicsInput asks for a page of the account's topics.
type ListTopicsInput struct {
	NextToken *string `shape:"nextToken"`
	op.ByShape
}

// ListTopicsOutput is a page, in order of name.
type ListTopicsOutput struct {
	Topics    []Topic
	NextToken string `json:",omitzero"`
}

// Topic is a topic in a list.
type Topic struct{ TopicArn string }

// findAll demands what a listing needs. A refusal calls what it is about all that the account has
// in the Region, as reported.
func findAll[I op.Input](n string) func(*op.Call, I) (domain.Account, error) {
	return func(c *op.Call, _ I) (domain.Account, error) {
		account, region := c.Namespace()
		a := domain.OnAccount(topic.Prefix + n)
		a.Asked = topic.Ref{Account: account, Region: region, Name: "*"}.ARN()
		return a, nil
	}
}

func (s *Topics) listTopics(c *op.Call, in ListTopicsInput, _ domain.Account) (
	out ListTopicsOutput, err error) {
	page, err := s.pages.Page(c, "ListTopics", "", pageSize, in.NextToken)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	names, err := s.rows.Names(account, region, page.After, pageSize+1)
	if err != nil {
		return out, err
	}
	names, out.NextToken = domain.Cut(page, names, func(name string) string { return name })
	out.Topics = []Topic{}
	for _, name := range names {
		out.Topics = append(out.Topics, Topic{topic.Ref{Account: account, Region: region,
			Name: name}.ARN()})
	}
	return out, nil
}
