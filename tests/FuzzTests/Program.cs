namespace Tunnel.FuzzTests;

/// <summary>The tests, as any test project's program; with the word `fuzz` first it is `./tunnel fuzz`.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["fuzz", ..])
            return FuzzCommand.Run(arguments[1..]);
        return arguments.Any(static argument => argument is "-automated" or "@@")
            ? await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(arguments)
            : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(
                arguments, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
    }
}
