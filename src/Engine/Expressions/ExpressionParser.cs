using Control.Engine.Pipelines.Reading;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Expressions;

/// <summary>
/// Reads an expression by recursive descent:
/// <c>either = both {"||" both}; both = not {"&amp;&amp;" not}; not = {"!"} comparison; comparison = value [("=="|"!=") value];
/// value = text | name | name "(" [either {"," either}] ")" | "(" either ")"</c>.
/// </summary>
internal sealed class ExpressionParser(string text, ExpressionScope scope)
{
    // Far above what people write, far below what the stack holds.
    private const int MaxDepth = 32;

    private int _at;
    private int _depth;

    public Node Parse()
    {
        if (text.Length > Expression.MaxLength)
        {
            throw new ExpressionException($"This expression has {text.Length} characters; up to {Expression.MaxLength} are allowed.");
        }

        var root = Truth(Either());
        Skip();
        return _at == text.Length ? root : throw Fault($"{Here()} is not expected here. Join conditions with && or ||.");
    }

    private Node Either()
    {
        if (++_depth > MaxDepth)
        {
            throw Fault($"This is nested more than {MaxDepth} deep. Simplify it.");
        }

        var left = Both();
        while (Take("||"))
        {
            left = new Node.Either(Truth(left), Truth(Both()));
        }

        _depth--;
        return left;
    }

    private Node Both()
    {
        var left = Not();
        while (Take("&&"))
        {
            left = new Node.Both(Truth(left), Truth(Not()));
        }

        return left;
    }

    private Node Not()
    {
        var count = 0;
        while (!Sees("!=") && Take("!"))
        {
            count++;
        }

        var operand = Comparison();
        return count switch
        {
            0 => operand,
            _ when count % 2 == 1 => new Node.Not(Truth(operand)),
            _ => Truth(operand),
        };
    }

    private Node Comparison()
    {
        var left = Value();
        if (Take("=="))
        {
            return new Node.Equal(left, Value());
        }

        if (Take("!="))
        {
            return new Node.Not(new Node.Equal(left, Value()));
        }

        return Sees("=") ? throw Fault("Compare with == or !=.") : left;
    }

    private Node Value()
    {
        Skip();
        if (Take("("))
        {
            var inner = Either();
            return Take(")") ? inner : throw Fault("A ')' is missing.");
        }

        if (_at < text.Length && text[_at] is '\'' or '"')
        {
            return new Node.Literal(Quoted());
        }

        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.' or '-'))
        {
            _at++;
        }

        return start == _at ? throw Fault($"A name or a text in quotes is needed instead of {Here()}.") : Named(text[start.._at], start);
    }

    private Node Named(string name, int start)
    {
        if (Take("("))
        {
            return Call(name, start);
        }

        if (name is "true" or "false")
        {
            return new Node.Literal(name);
        }

        return scope.Check(name) is { } fault ? throw Fault(fault, start) : new Node.Name(name);
    }

    private Node.Call Call(string name, int start)
    {
        if (Function.All.FirstOrDefault(known => known.Name == name) is not { } function)
        {
            var meant = Suggestion.Nearest(name, Function.All.Select(known => known.Name)) is { } nearest ? $" Did you mean {nearest}?" : "";
            throw Fault($"There is no function {Problems.Quote(name)}. There are {string.Join(", ", Function.All.Select(known => known.Name))}.{meant}", start);
        }

        var arguments = ImmutableArray.CreateBuilder<Node>();
        while (!Take(")"))
        {
            if (arguments.Count > 0 && !Take(","))
            {
                throw Fault("A ',' or a ')' is missing.");
            }

            arguments.Add(Either());
        }

        return arguments.Count == function.Arity
            ? new Node.Call(function, arguments.ToImmutable())
            : throw Fault($"{name} takes {function.Arity} values; here are {arguments.Count}.", start);
    }

    private string Quoted()
    {
        var end = text.IndexOf(text[_at], _at + 1);
        if (end < 0)
        {
            throw Fault("This text has no closing quote.");
        }

        var value = text[(_at + 1)..end];
        _at = end + 1;
        return value;
    }

    // A literal text where a condition is needed is a mistake that would be false, or true, for ever.
    private Node Truth(Node node) =>
        node is Node.Literal { Value: not ("true" or "false") } literal
            ? throw Fault($"{Problems.Quote(literal.Value)} is a text, not a condition. Compare it with == or !=.")
            : node;

    private bool Take(string token)
    {
        if (!Sees(token))
        {
            return false;
        }

        _at += token.Length;
        return true;
    }

    private bool Sees(string token)
    {
        Skip();
        return text.AsSpan(_at).StartsWith(token, StringComparison.Ordinal);
    }

    private void Skip()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }
    }

    private string Here() => _at < text.Length ? Problems.Quote(text[_at].ToString()) : "the end";

    private ExpressionException Fault(string message, int? at = null) => new($"At character {(at ?? _at) + 1}: {message}");
}
