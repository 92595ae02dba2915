namespace Control.Engine.Expressions;

/// <summary>A part of an expression. Every part has a text; a truth is the text <c>true</c> or <c>false</c>.</summary>
internal abstract record Node
{
    /// <summary>The value as text.</summary>
    public abstract string Text(IExpressionValues values);

    /// <summary>The value as a truth: only the text <c>true</c> is one.</summary>
    public virtual bool IsTrue(IExpressionValues values) => Text(values) == "true";

    /// <summary>True when this or a part of it is such a node.</summary>
    public virtual bool Any(Func<Node, bool> match) => match(this);

    public sealed record Literal(string Value) : Node
    {
        public override string Text(IExpressionValues values) => Value;
    }

    public sealed record Name(string Path) : Node
    {
        public override string Text(IExpressionValues values) => values.Of(Path);
    }

    /// <summary>What is true or false by nature.</summary>
    public abstract record Truth : Node
    {
        public sealed override string Text(IExpressionValues values) => IsTrue(values) ? "true" : "false";
    }

    public sealed record Not(Node Operand) : Truth
    {
        public override bool IsTrue(IExpressionValues values) => !Operand.IsTrue(values);

        public override bool Any(Func<Node, bool> match) => match(this) || Operand.Any(match);
    }

    public sealed record Both(Node Left, Node Right) : Truth
    {
        public override bool IsTrue(IExpressionValues values) => Left.IsTrue(values) && Right.IsTrue(values);

        public override bool Any(Func<Node, bool> match) => match(this) || Left.Any(match) || Right.Any(match);
    }

    public sealed record Either(Node Left, Node Right) : Truth
    {
        public override bool IsTrue(IExpressionValues values) => Left.IsTrue(values) || Right.IsTrue(values);

        public override bool Any(Func<Node, bool> match) => match(this) || Left.Any(match) || Right.Any(match);
    }

    public sealed record Equal(Node Left, Node Right) : Truth
    {
        public override bool IsTrue(IExpressionValues values) => Left.Text(values) == Right.Text(values);

        public override bool Any(Func<Node, bool> match) => match(this) || Left.Any(match) || Right.Any(match);
    }

    public sealed record Call(Function Function, ImmutableArray<Node> Arguments) : Truth
    {
        public override bool IsTrue(IExpressionValues values) =>
            Function.Apply(values, [.. Arguments.Select(argument => argument.Text(values))]);

        public override bool Any(Func<Node, bool> match) => match(this) || Arguments.Any(argument => argument.Any(match));
    }
}
