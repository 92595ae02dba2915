using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

public sealed class CleanupTextTests
{
    [Theory]
    [InlineData(0, 0, 0, "no process was running")]
    [InlineData(0, 1, 0, "1 process was ended when asked, in 0.2 s")]
    [InlineData(1, 0, 1, "1 process was ended by force, 1 out of its session, in 0.2 s")]
    [InlineData(2, 3, 1, "4 processes were ended 3 when asked and 1 by force, 2 out of their session, in 0.2 s")]
    public void Of_WhatWasFound_SaysHowItEnded(int escaped, int terminated, int killed, string expected) =>
        Assert.Equal(expected, CleanupText.Of(new CleanupView(terminated + killed, escaped, terminated, killed, 240)));
}
