using System.Net;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Waits for what people are shown of a pool's targets.</summary>
internal static class ShownTargets
{
    /// <summary>Waits until the line of one target has some words.</summary>
    public static async Task WaitAsync(TunnelSetup setup, string port, IPAddress target, params string[] words)
    {
        var shown = "";
        await Eventually.IsTrueAsync(
            async () =>
            {
                shown = (await setup.Hub.RunAsync("edge", "show", TunnelSetup.EdgeId)).Succeeded().StandardOutput;
                var line = shown.Split('\n').SingleOrDefault(line => line.StartsWith($"{port}: {target}:", StringComparison.Ordinal), "");
                return words.All(word => line.Contains(word, StringComparison.Ordinal));
            },
            $"{target} is {string.Join(' ', words)}", explain: () => shown);
    }
}
