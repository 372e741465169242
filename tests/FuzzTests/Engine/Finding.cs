using System.Text;

namespace Tunnel.FuzzTests.Engine;

/// <summary>A fault in how one input was taken.</summary>
/// <param name="Signature">A text that findings of one cause share.</param>
/// <param name="Detail">The exception with its stack, or the figures.</param>
/// <param name="Input">The input that led to it.</param>
internal sealed record Finding(string Signature, string Detail, byte[] Input)
{
    private const int MaxShown = 4096;

    public static Finding Of(Exception exception, ReadOnlySpan<byte> input) =>
        new(SignatureOf(exception), exception.ToString(), input.ToArray());

    public static Finding OfAllocation(long bytes, long cap, ReadOnlySpan<byte> input) =>
        new(
            "allocation", $"{bytes:N0} bytes were allocated for {input.Length} bytes of input; at most {cap:N0} are allowed",
            input.ToArray());

    public static Finding OfHang(TimeSpan limit, ReadOnlySpan<byte> input) =>
        new("hang", $"it did not end within {limit.TotalSeconds:0} s", input.ToArray());

    /// <summary>Returns all that is needed to try it again.</summary>
    public string Describe(string target)
    {
        var shown = Input.AsSpan(0, Math.Min(Input.Length, MaxShown));
        var text = new StringBuilder()
            .AppendLine($"{target}: {Detail}")
            .AppendLine($"  input, {Input.Length} bytes{(shown.Length < Input.Length ? $" (the first {shown.Length} are shown)" : "")}")
            .AppendLine($"  base64  {Convert.ToBase64String(shown)}")
            .AppendLine($"  hex     {Convert.ToHexString(shown)}");
        if (!shown.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            text.AppendLine($"  text    {Encoding.ASCII.GetString(shown)}");
        return text.ToString();
    }

    // Two findings are one if they have the same type and the same innermost place in the product or the target.
    private static string SignatureOf(Exception exception)
    {
        var place = exception.StackTrace?.Split('\n').FirstOrDefault(
            static line => line.Contains(" Tunnel.", StringComparison.Ordinal) && !line.Contains(nameof(Check), StringComparison.Ordinal));
        return $"{exception.GetType().Name} {place?.Trim()}";
    }
}
