namespace Tunnel.FuzzTests.Engine;

/// <summary>Makes the input of a finding shorter, as long as it stays the same finding.</summary>
internal static class Minimizer
{
    private const int MaxTries = 3_000;

    public static Finding Minimize(Finding finding, InputRunner runner)
    {
        var tries = 0;
        for (var size = Math.Max(1, finding.Input.Length / 2); ; size /= 2)
        {
            for (var at = 0; at + size <= finding.Input.Length && tries < MaxTries; tries++)
            {
                byte[] shorter = [.. finding.Input.AsSpan(0, at), .. finding.Input.AsSpan(at + size)];
                if (runner.Run(shorter) is { } still && still.Signature == finding.Signature)
                    finding = still;
                else
                    at += size;
            }

            if (size == 1 || tries >= MaxTries)
                return finding;
        }
    }
}
