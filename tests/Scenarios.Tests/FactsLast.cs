using Xunit.Abstractions;
using Xunit.Sdk;

namespace Control.Scenarios.Tests;

/// <summary>Plays what has data before what looks back at all of it.</summary>
public sealed class FactsLast : ITestCaseOrderer
{
    /// <inheritdoc/>
    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase => testCases.OrderBy(test => test.TestMethodArguments is null).ThenBy(test => test.DisplayName, StringComparer.Ordinal);
}
