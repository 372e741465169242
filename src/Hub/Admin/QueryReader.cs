using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>Reads the parameters of a query, and reports every fault of them at once.</summary>
internal sealed class QueryReader(HttpRequest request)
{
    private readonly FaultList _faults = new();

    /// <summary>Returns a parameter as it was written; null: it is missing.</summary>
    public string? Text(string name) => request.Query[name].FirstOrDefault();

    /// <summary>Reads a parameter.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="read">Returns its value; null when it is not valid.</param>
    /// <param name="valid">What would be valid.</param>
    public T? Parse<T>(string name, Func<string, T?> read, string valid)
        where T : struct =>
        Parse(name, read, _ => valid);

    /// <summary>Reads a parameter of which what would be valid depends on what was written.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="read">Returns its value; null when it is not valid.</param>
    /// <param name="valid">Returns what would be valid.</param>
    public T? Parse<T>(string name, Func<string, T?> read, Func<string, string> valid)
        where T : struct
    {
        if (Text(name) is not { } text)
            return null;
        var value = read(text);
        if (value is null)
            AddFault(name, text, valid(text));
        return value;
    }

    /// <summary>Notes that a parameter is not valid.</summary>
    public void AddFault(string name, string text, string valid) => _faults.AddText($"?{name}", text, valid);

    /// <exception cref="ProblemException">A parameter was not valid.</exception>
    public void Check()
    {
        if (!_faults.IsEmpty)
            throw new ProblemException(Problem.Invalid(_faults.ToImmutable()));
    }

    /// <summary>Reads a number within limits; null when it is none.</summary>
    public static long? ReadNumber(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : null;
}
