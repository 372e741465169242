namespace Tunnel.Edge.Doctor;

/// <summary>One thing that an edge needs. Changes nothing on the machine.</summary>
internal interface ICheck
{
    /// <summary>One word.</summary>
    string Name { get; }

    /// <summary>Looks. What is wrong is a result; an exception is told as a failure of the check itself.</summary>
    Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken);
}
