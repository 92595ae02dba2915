using System.Diagnostics.CodeAnalysis;

namespace Control.Engine.Expressions;

/// <summary>
/// A condition of a definition (<c>when</c>): comparisons of texts joined with <c>&amp;&amp;</c>, <c>||</c>, <c>!</c> and
/// parentheses. It has no side effects, no loops and cannot fail once it was checked.
/// </summary>
public sealed class Expression
{
    /// <summary>Longest expression, in characters.</summary>
    public const int MaxLength = 1000;

    private readonly Node _root;

    internal Expression(Node root) => _root = root;

    /// <summary>
    /// True when the expression asks how earlier work ended (<c>succeeded()</c>, <c>failed()</c>, <c>always()</c>): then it
    /// alone decides, and success of what came before is not demanded besides.
    /// </summary>
    public bool AsksForResults => _root.Any(node => node is Node.Call { Function.AboutResults: true });

    /// <summary>Reads and checks an expression.</summary>
    /// <param name="text">The text, up to <see cref="MaxLength"/>.</param>
    /// <param name="scope">What it may name.</param>
    /// <param name="expression">The expression; null when there is an error.</param>
    /// <param name="error">What is wrong, position and cure included; null when nothing is.</param>
    public static bool TryParse(string text, ExpressionScope scope, [NotNullWhen(true)] out Expression? expression, [NotNullWhen(false)] out string? error)
    {
        (expression, error) = (null, null);
        try
        {
            expression = new Expression(new ExpressionParser(text, scope).Parse());
            return true;
        }
        catch (ExpressionException fault)
        {
            error = fault.Message;
            return false;
        }
    }

    /// <summary>Reads an expression that was checked when its definition was stored.</summary>
    /// <exception cref="InvalidOperationException">It is not one: the stored definition is corrupt.</exception>
    public static Expression Parse(string text) =>
        TryParse(text, ExpressionScope.Anything, out var expression, out var error)
            ? expression
            : throw new InvalidOperationException($"The stored expression '{text}' cannot be read: {error}");

    /// <summary>Whether it is true for these values.</summary>
    public bool IsTrue(IExpressionValues values) => _root.IsTrue(values);

    /// <summary>What it is for these values, as text; a truth is <c>true</c> or <c>false</c>.</summary>
    public string Text(IExpressionValues values) => _root.Text(values);
}

/// <summary>What an expression is evaluated on.</summary>
public interface IExpressionValues
{
    /// <summary>True when everything that counts so far succeeded.</summary>
    bool Succeeded { get; }

    /// <summary>True when something that counts has failed.</summary>
    bool Failed { get; }

    /// <summary>The value of a name such as <c>branch</c> or <c>params.TARGET</c>; empty where there is none.</summary>
    string Of(string name);
}

/// <summary>What is wrong with an expression.</summary>
internal sealed class ExpressionException(string message) : Exception(message);
