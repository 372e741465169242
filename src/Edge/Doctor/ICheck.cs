using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor;

/// <summary>One thing that an edge needs.</summary>
internal interface ICheck : ICheck<DoctorContext>;
