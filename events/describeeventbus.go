package events

import (
	"claviger/events/rule"
	"claviger/internal/op"
)

// DescribeEventBusInput names a bus.
type DescribeEventBusInput struct {
	Name *string `shape:"EventBusNameOrArn"` // absent: default
	op.ByShape
}

func (in DescribeEventBusInput) bus() *string { return in.Name }

// DescribeEventBusOutput is a bus. The default one has been there always.
type DescribeEventBusOutput struct {
	Name string
	Arn  string
}

func (s *Events) describeEventBus(c *op.Call, _ DescribeEventBusInput,
	_ busTarget) (DescribeEventBusOutput, error) {
	account, region := c.Namespace()
	return DescribeEventBusOutput{Name: rule.DefaultBus, Arn: rule.BusARN(account, region)}, nil
}
