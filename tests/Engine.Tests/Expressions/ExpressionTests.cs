using Control.Engine.Expressions;

namespace Control.Engine.Tests.Expressions;

public sealed class ExpressionTests
{
    private static readonly ExpressionScope Scope = ExpressionScope.Of(["DEPLOY", "TARGET"], ["TAG"], ["build", "build.unit-tests"], ["OS"]);

    [Theory]
    [InlineData("branch == 'main'", true)]
    [InlineData("branch == \"main\"", true)]
    [InlineData("branch != 'main'", false)]
    [InlineData("!(branch == 'main')", false)]
    [InlineData("!!(branch == 'main')", true)]
    [InlineData("params.DEPLOY", true)]
    [InlineData("!params.DEPLOY", false)]
    [InlineData("params.TARGET", false)]
    [InlineData("params.DEPLOY == true", true)]
    [InlineData("false || params.DEPLOY && branch == 'main'", true)]
    [InlineData("true || true && false", true)]
    [InlineData("(true || true) && false", false)]
    [InlineData("tag == ''", true)]
    [InlineData("startsWith(branch, 'ma')", true)]
    [InlineData("endsWith(branch, 'ma')", false)]
    [InlineData("contains(branch,'ai')", true)]
    [InlineData("matches(branch, 'm*n')", true)]
    [InlineData("matches(branch, 'm?n')", false)]
    [InlineData("matches(branch, 'M*')", false)]
    [InlineData("results.build == 'failed' || results.build.unit-tests == 'succeeded'", true)]
    [InlineData("outputs.TAG == matrix.OS", false)]
    [InlineData("succeeded() == 'true'", true)]
    [InlineData("failed()", false)]
    [InlineData("always()", true)]
    public void IsTrue_OfValues_AsWritten(string text, bool expected) => Assert.Equal(expected, Read(text).IsTrue(new Values()));

    [Theory]
    [InlineData("", "At character 1: A name or a text")]
    [InlineData("branch = 'main'", "Compare with ==")]
    [InlineData("branch == main", "There is no 'main' here")]
    [InlineData("brunch == 'main'", "Did you mean branch?")]
    [InlineData("params.DEPLOI", "Did you mean params.DEPLOY?")]
    [InlineData("startWith(branch, 'a')", "Did you mean startsWith?")]
    [InlineData("startsWith(branch)", "takes 2 values; here are 1")]
    [InlineData("startsWith(branch 'a')", "A ',' or a ')' is missing")]
    [InlineData("always(1)", "There is no '1' here")]
    [InlineData("(branch == 'a'", "A ')' is missing")]
    [InlineData("branch == 'a", "no closing quote")]
    [InlineData("branch == 'a' branch", "At character 15: 'b' is not expected here")]
    [InlineData("branch == 'a' && 'b'", "is a text, not a condition")]
    [InlineData("'main'", "is a text, not a condition")]
    [InlineData("branch == 'a' == 'b'", "is not expected here")]
    [InlineData("branch &&", "is needed instead of the end")]
    [InlineData("branch & 'a'", "'&' is not expected here")]
    public void TryParse_Wrong_SaysWhereAndWhat(string text, string message)
    {
        Assert.False(Expression.TryParse(text, Scope, out _, out var error));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_NestedTooDeep_Refused()
    {
        var text = new string('(', 40) + "true" + new string(')', 40);
        Assert.False(Expression.TryParse(text, Scope, out _, out var error));
        Assert.Contains("nested", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_TooLong_Refused()
    {
        Assert.False(Expression.TryParse(new string('!', 1001), Scope, out _, out var error));
        Assert.Contains("1001 characters", error, StringComparison.Ordinal);
        Assert.True(Expression.TryParse(new string('!', 996) + "true", Scope, out _, out _));
    }

    [Theory]
    [InlineData("always()", true)]
    [InlineData("branch == 'a' && !failed()", true)]
    [InlineData("contains(branch, 'always()')", false)]
    public void AsksForResults_OnlyWithItsFunctions(string text, bool expected) => Assert.Equal(expected, Read(text).AsksForResults);

    [Fact]
    public void TryParse_RandomTexts_NeverThrows()
    {
        const string alphabet = "abr.()!=&|'\" ,*-1";
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            if (Expression.TryParse(text, ExpressionScope.Anything, out var expression, out _))
            {
                expression.IsTrue(new Values());
            }
        }
    }

    private static Expression Read(string text)
    {
        Assert.True(Expression.TryParse(text, Scope, out var expression, out var error), error);
        return expression;
    }

    private sealed class Values : IExpressionValues
    {
        public bool Succeeded => true;

        public bool Failed => false;

        public string Of(string name) => name switch
        {
            "branch" => "main",
            "params.DEPLOY" => "true",
            "params.TARGET" => "live",
            "results.build.unit-tests" => "succeeded",
            "outputs.TAG" => "v1",
            "matrix.OS" => "debian",
            _ => "",
        };
    }
}
